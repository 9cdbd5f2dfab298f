/** How the store's keys stand in etcd: behind a prefix of their own, or alone where the whole of etcd is the store's. */
export class KeyRange {
  readonly #prefix: Buffer
  readonly #prefixText: string

  constructor(prefix: string) {
    this.#prefixText = prefix
    this.#prefix = Buffer.from(prefix)
  }

  /** Whether every revision of etcd is a write of the store's, so that its watch shows each of them. */
  get isEverything(): boolean {
    return this.#prefix.length === 0
  }

  /** First key and end of the range, as etcd takes them. A single zero byte stands for the first and for no end. */
  get bounds(): { readonly key: Buffer; readonly range_end: Buffer } {
    if (this.isEverything) return { key: Buffer.from([0]), range_end: Buffer.from([0]) }
    const end = Buffer.from(this.#prefix)
    end[end.length - 1]! += 1
    return { key: this.#prefix, range_end: end }
  }

  toEtcd(key: string): Buffer {
    return Buffer.from(this.#prefixText + key)
  }

  fromEtcd(key: Buffer): string {
    return key.toString('utf8', this.#prefix.length)
  }
}
