/**
 * Resource versions that this process has written over, by key. Whoever finds one of them in its cache would decide on
 * what is past, and count twice what it counted.
 */
export class ReplacedVersions {
  readonly #replaced = new Map<string, Set<string>>()

  note(key: string, resourceVersion: string): void {
    const versions = this.#replaced.get(key) ?? new Set()
    this.#replaced.set(key, versions.add(resourceVersion))
  }

  /** A version that was not replaced is the newest one or somebody else's: what was noted is past then. */
  has(key: string, resourceVersion: string): boolean {
    if (this.#replaced.get(key)?.has(resourceVersion)) return true
    this.#replaced.delete(key)
    return false
  }

  forget(key: string): void {
    this.#replaced.delete(key)
  }
}
