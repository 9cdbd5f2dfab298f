/** An nftables table as data: what a sync compares and writes. Every name is unique within its kind. */
export interface Ruleset {
  /** Chains with the rules in them, in order. A base chain's hook stands in `hook`. */
  readonly chains: ReadonlyMap<string, Chain>
  /** Sets and maps by name. */
  readonly sets: ReadonlyMap<string, NamedSet>
}

export interface Chain {
  /** `type nat hook prerouting priority -100`; absent for chains that others jump to. Never changes. */
  readonly hook?: string
  readonly rules: readonly string[]
}

export interface NamedSet {
  readonly kind: 'set' | 'map'
  /**
   * `type ipv4_addr . inet_proto . inet_service : verdict ;`, flags included, each part ended by `;`. The kernel cannot
   * change it: another definition needs another name.
   */
  readonly definition: string
  /** Key to value; the value of a set's element is empty. Dynamic sets, which the kernel fills, have none. */
  readonly elements: ReadonlyMap<string, string>
}

/** Statements that make the whole table anew in one transaction, whatever was there. */
export function wholeTable(table: string, ruleset: Ruleset): string {
  return [
    `add table ${table}`,
    `delete table ${table}`,
    `add table ${table}`,
    ...changes(table, emptyRuleset, ruleset),
  ].join('\n')
}

/** Statements that turn `before` into `after` in one transaction; the empty text when nothing differs. */
export function difference(table: string, before: Ruleset, after: Ruleset): string {
  return changes(table, before, after).join('\n')
}

export const emptyRuleset: Ruleset = { chains: new Map(), sets: new Map() }

/**
 * In an order in which every name exists when it is used and nothing is removed that is still referred to:
 * new sets and chains, then rules and elements, then what is gone.
 */
function changes(table: string, before: Ruleset, after: Ruleset): string[] {
  const statements: string[] = []
  for (const [name, { kind, definition }] of after.sets) {
    if (!before.sets.has(name)) statements.push(`add ${kind} ${table} ${name} { ${definition} }`)
  }
  for (const [name, { hook }] of after.chains) {
    if (!before.chains.has(name)) statements.push(`add chain ${table} ${name}${hook ? ` { ${hook} ; }` : ''}`)
  }
  for (const [name, { rules }] of after.chains)
    statements.push(...ruleChanges(table, name, before.chains.get(name)?.rules, rules))
  for (const [name, set] of after.sets)
    statements.push(...elementChanges(table, name, before.sets.get(name)?.elements, set))
  const goneChains = [...before.chains.keys()].filter((name) => !after.chains.has(name))
  for (const [name, set] of before.sets) {
    if (!after.sets.has(name) && set.elements.size > 0) statements.push(`flush ${set.kind} ${table} ${name}`)
  }
  for (const name of goneChains) statements.push(`flush chain ${table} ${name}`)
  for (const name of goneChains) statements.push(`delete chain ${table} ${name}`)
  for (const [name, { kind }] of before.sets)
    if (!after.sets.has(name)) statements.push(`delete ${kind} ${table} ${name}`)
  return statements
}

function ruleChanges(table: string, chain: string, before: readonly string[] = [], after: readonly string[]): string[] {
  if (before.length === after.length && before.every((rule, i) => rule === after[i])) return []
  const statements = before.length > 0 ? [`flush chain ${table} ${chain}`] : []
  return [...statements, ...after.map((rule) => `add rule ${table} ${chain} ${rule}`)]
}

function elementChanges(
  table: string,
  name: string,
  before: ReadonlyMap<string, string> = new Map(),
  set: NamedSet,
): string[] {
  const gone = [...before.keys()].filter((key) => before.get(key) !== set.elements.get(key))
  const fresh = [...set.elements].filter(([key, value]) => before.get(key) !== value)
  const statements: string[] = []
  if (gone.length > 0) statements.push(`delete element ${table} ${name} { ${gone.join(', ')} }`)
  if (fresh.length > 0) {
    const elements = fresh.map(([key, value]) => (value === '' ? key : `${key} : ${value}`))
    statements.push(`add element ${table} ${name} { ${elements.join(', ')} }`)
  }
  return statements
}
