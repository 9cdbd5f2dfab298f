import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NftablesModel } from '../../../test/support/nftables-model.ts'
import { VirtualClock } from '../virtual-clock.ts'
import type { Ruleset } from './ruleset.ts'
import { TableSync } from './table-sync.ts'

const rulesetOf = (...chains: string[]): Ruleset => ({
  chains: new Map(chains.map((name) => [name, { rules: [`counter ${name}`] }])),
  sets: new Map(),
})

function tableOnModel() {
  const clock = new VirtualClock()
  const model = new NftablesModel()
  const applied: string[] = []
  let failing = false
  const apply = async (statements: string) => {
    if (failing) throw new Error('refused')
    applied.push(statements)
    model.apply(statements)
  }
  const chains = () => Object.fromEntries(model.state.chains)
  const fail = (value: boolean) => {
    failing = value
  }
  return { clock, applied, chains, fail, sync: new TableSync({ table: 'ip t', clock, apply }) }
}

test('a chain that is no longer wanted is emptied at once and deleted a second later', async () => {
  const { sync, chains, clock } = tableOnModel()
  await sync.sync(rulesetOf('a', 'b'))
  await sync.sync(rulesetOf('a'))
  assert.deepEqual(chains(), { a: ['counter a'], b: [] })
  await clock.advanceMs(1000)
  await sync.sync(rulesetOf('a'))
  assert.deepEqual(chains(), { a: ['counter a'] })
})

test('a chain that is wanted again meanwhile stays', async () => {
  const { sync, chains, clock } = tableOnModel()
  await sync.sync(rulesetOf('a', 'b'))
  await sync.sync(rulesetOf('a'))
  await sync.sync(rulesetOf('a', 'b'))
  await clock.advanceMs(1000)
  await sync.sync(rulesetOf('a', 'b'))
  assert.deepEqual(chains(), { a: ['counter a'], b: ['counter b'] })
})

test('nothing is written when nothing changed', async () => {
  const { sync, applied } = tableOnModel()
  await sync.sync(rulesetOf('a'))
  await sync.sync(rulesetOf('a'))
  assert.equal(applied.length, 1)
})

test('after a refusal the whole table is written anew', async () => {
  const { sync, applied, fail, chains } = tableOnModel()
  await sync.sync(rulesetOf('a'))
  fail(true)
  await assert.rejects(sync.sync(rulesetOf('b')), /refused/)
  fail(false)
  await sync.sync(rulesetOf('b'))
  assert.match(applied[1]!, /^add table ip t\ndelete table ip t\n/)
  assert.deepEqual(chains(), { b: ['counter b'] })
})
