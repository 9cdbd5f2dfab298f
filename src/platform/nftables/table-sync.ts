import { type ApplyRules, applyWithNft } from './nft.ts'
import { difference, type Ruleset, wholeTable } from './ruleset.ts'

/** Keeps one table as wanted by writing differences; after a failure, or at first, it writes the table whole. */
export class TableSync {
  readonly #table: string
  readonly #apply: ApplyRules
  #inKernel: Ruleset | undefined

  constructor(table: string, apply: ApplyRules = applyWithNft) {
    this.#table = table
    this.#apply = apply
  }

  /** Throws when the kernel refuses; what was there then still is. */
  async sync(wanted: Ruleset): Promise<void> {
    const before = this.#inKernel
    const statements = before ? difference(this.#table, before, wanted) : wholeTable(this.#table, wanted)
    if (statements === '') return
    this.#inKernel = undefined
    await this.#apply(statements)
    this.#inKernel = wanted
  }
}
