import type { Clock } from '../clock.ts'
import { type ApplyRules, applyWithNft } from './nft.ts'
import { type Chain, difference, type Ruleset, wholeTable } from './ruleset.ts'

export interface TableSyncOptions {
  readonly table: string
  readonly clock: Clock
  readonly apply?: ApplyRules | undefined
}

/** Kernels before 6.2 still take a chain for used a moment after the last map element that named it is gone. */
const staleForMs = 1000

/**
 * Keeps one table as wanted by writing differences; after a failure, or at first, it writes the table whole. Chains
 * that are no longer wanted are emptied at once and deleted by a later sync.
 */
export class TableSync {
  readonly #options: TableSyncOptions
  readonly #staleSinceMs = new Map<string, number>()
  #inKernel: Ruleset | undefined

  constructor(options: TableSyncOptions) {
    this.#options = options
  }

  /** Throws when the kernel refuses; what was there then still is. */
  async sync(wanted: Ruleset): Promise<void> {
    const { table, apply = applyWithNft } = this.#options
    const before = this.#inKernel
    const after = before ? this.#withStaleChains(before, wanted) : wanted
    const statements = before ? difference(table, before, after) : wholeTable(table, wanted)
    if (statements === '') return
    this.#inKernel = undefined
    await apply(statements)
    this.#inKernel = after
  }

  #withStaleChains(before: Ruleset, wanted: Ruleset): Ruleset {
    const nowMs = this.#options.clock.monotonicMs()
    const chains = new Map<string, Chain>(wanted.chains)
    for (const name of wanted.chains.keys()) this.#staleSinceMs.delete(name)
    for (const name of before.chains.keys()) {
      if (wanted.chains.has(name)) continue
      const sinceMs = this.#staleSinceMs.get(name) ?? nowMs
      this.#staleSinceMs.set(name, sinceMs)
      if (nowMs - sinceMs < staleForMs) chains.set(name, { rules: [] })
    }
    for (const name of this.#staleSinceMs.keys()) if (!before.chains.has(name)) this.#staleSinceMs.delete(name)
    return { ...wanted, chains }
  }
}
