/** What Go's encoder escapes beyond JSON's own rules, so that an answer is harmless inside a page or a script. */
const unsafe = /[<>&\u2028\u2029]/g
const escapes: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

/** `JSON.stringify`, also of bigints. They are rare, and looking for them beforehand would cost every value. */
export function jsonText(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, null, indent)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return JSON.stringify(value, withBigInts, indent)
  }
}

/** Newer than the library that TypeScript knows. */
const { rawJSON } = JSON as JSON & { readonly rawJSON: (text: string) => unknown }

function withBigInts(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJSON(String(value)) : value
}

/** JSON as Go's encoding/json writes it, without a line feed at the end; `indent` spaces a level where given. */
export function formatJson(value: unknown, indent?: number): string {
  const text = jsonText(value, indent)
  // Outside strings JSON has none of these, so the whole text can be looked at; most texts have none at all.
  return text.search(unsafe) < 0 ? text : text.replace(unsafe, (character) => escapes[character]!)
}
