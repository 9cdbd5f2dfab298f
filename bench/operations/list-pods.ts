import assert from 'node:assert/strict'
import type { ApiOperation, ApiTarget } from '../operation.ts'
import { ratePerSecond } from '../workers.ts'

const listedObjects = 300_000
/** Enough to keep a server busy; 32 lists of 30,000 Pods on their way at once would be 2 GB. */
const listWorkers = 8

/** Whole lists of all Pods. */
export const listPods: ApiOperation = async (target) => {
  const { objects } = target
  const value = await listRate(target, '', objects)
  // The bar is per 3,000 Pods: ten times as many may take ten times as long.
  return [{ name: `list ${objects} Pods`, unit: 'per s', value, bar: { atLeast: (33 * 3_000) / objects } }]
}

/** How many lists per second, after one whose items are counted. */
export async function listRate({ api, namespace }: ApiTarget, query: string, items: number): Promise<number> {
  const path = `/api/v1/namespaces/${namespace}/pods${query}`
  const list = await api.send('GET', path)
  assert.equal((JSON.parse(list.toString()) as { items: unknown[] }).items.length, items, `items of ${path}`)
  const readWhole = async () => assert.equal(await api.drain(path), list.length)
  return ratePerSecond(Math.ceil(listedObjects / items), readWhole, listWorkers)
}
