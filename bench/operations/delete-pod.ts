import { podName } from '../objects.ts'
import type { ApiOperation } from '../operation.ts'
import { ratePerSecond } from '../workers.ts'

export const deletePod: ApiOperation = async ({ api, namespace, objects }) => {
  const path = (i: number) => `/api/v1/namespaces/${namespace}/pods/${podName(i)}?gracePeriodSeconds=0`
  const value = await ratePerSecond(objects, (i) => api.send('DELETE', path(i)))
  return [{ name: 'delete Pod', unit: 'per s', value, bar: { atLeast: 1_250 } }]
}
