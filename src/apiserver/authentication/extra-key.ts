/** The key that the name of an `…-Extra-…` header stands for. One that is not well escaped counts as it stands. */
export function decodeExtraKey(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch (error) {
    if (!(error instanceof URIError)) throw error
    return key
  }
}
