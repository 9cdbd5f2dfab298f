import assert from 'node:assert/strict'

interface Model {
  readonly chains: Map<string, string[]>
  readonly sets: Map<string, Map<string, string>>
}

type Act = (model: Model, name: string, rest: string) => void

/** What nft would do to one table, statement by statement; fails where the kernel would refuse. */
export class NftablesModel {
  readonly state: Model = { chains: new Map(), sets: new Map() }

  apply(statements: string): void {
    for (const statement of statements.split('\n').filter(Boolean)) {
      const [, verb, kind, , name = '', rest = ''] =
        /^(\w+) (\w+) (\w+ \S+)(?: (\S+))?(?: (.*))?$/.exec(statement) ?? assert.fail(`no statement: ${statement}`)
      const act = acts[`${verb} ${kind}`] ?? assert.fail(`unknown: ${statement}`)
      act(this.state, name, rest)
      assertNothingDangles(this.state, statement)
    }
  }
}

const acts: Record<string, Act> = {
  'add table': () => undefined,
  'delete table': ({ chains, sets }) => {
    chains.clear()
    sets.clear()
  },
  'add chain': ({ chains }, name) => void chains.set(name, chains.get(name) ?? []),
  'flush chain': ({ chains }, name) => {
    assert.ok(chains.delete(name))
    chains.set(name, [])
  },
  'delete chain': ({ chains }, name) => assert.ok(chains.delete(name)),
  'add rule': ({ chains }, name, rule) => void (chains.get(name) ?? assert.fail(`no chain ${name}`)).push(rule),
  'add set': addSet,
  'add map': addSet,
  'flush set': flushSet,
  'flush map': flushSet,
  'delete set': ({ sets }, name) => assert.ok(sets.delete(name)),
  'delete map': ({ sets }, name) => assert.ok(sets.delete(name)),
  'add element': ({ sets }, name, elements) => {
    const set = sets.get(name) ?? assert.fail(`no set ${name}`)
    for (const [key, value] of parseElements(elements)) {
      assert.ok(!set.has(key), `${name} has ${key} already`)
      set.set(key, value)
    }
  },
  'delete element': ({ sets }, name, elements) => {
    for (const [key] of parseElements(elements)) assert.ok(sets.get(name)?.delete(key), `${name} has no ${key}`)
  },
}

function addSet({ sets }: Model, name: string): void {
  assert.ok(!sets.has(name))
  sets.set(name, new Map())
}

function flushSet({ sets }: Model, name: string): void {
  assert.ok(sets.get(name))
  sets.get(name)?.clear()
}

function parseElements(text: string): [string, string][] {
  return text
    .slice(2, -2)
    .split(', ')
    .map((element) => element.split(' : '))
    .map(([key = '', value = '']) => [key, value])
}

function assertNothingDangles({ chains, sets }: Model, statement: string): void {
  const rules = [...chains.values()].flat()
  const verdicts = [...sets.values()].flatMap((set) => [...set.values()])
  for (const text of [...rules, ...verdicts]) {
    for (const [, chain = ''] of text.matchAll(/\b(?:goto|jump) (\S+)/g))
      assert.ok(chains.has(chain), `after "${statement}" the chain ${chain} is gone and still used`)
    for (const [, set = ''] of text.matchAll(/@([\w/.-]+)/g))
      assert.ok(sets.has(set) || set.startsWith('th,'), `after "${statement}" the set ${set} is gone and still used`)
  }
}
