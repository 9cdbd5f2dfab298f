import { rareLabel } from '../objects.ts'
import type { ApiOperation } from '../operation.ts'
import { listRate } from './list-pods.ts'

/** Lists of the one Pod in ten that has a label. */
export const listByLabel: ApiOperation = async (target) => {
  const { objects } = target
  const query = `?labelSelector=${encodeURIComponent(`${rareLabel.name}=${rareLabel.value}`)}`
  const value = await listRate(target, query, objects / 10)
  return [{ name: 'list by label, 1 in 10', unit: 'per s', value, bar: { atLeast: (160 * 3_000) / objects } }]
}
