import { podName } from '../objects.ts'
import type { ApiOperation } from '../operation.ts'
import { ratePerSecond } from '../workers.ts'

const requests = 15_000

export const getPod: ApiOperation = async ({ api, namespace, objects }) => {
  const path = (i: number) => `/api/v1/namespaces/${namespace}/pods/${podName(i % objects)}`
  const value = await ratePerSecond(requests, (i) => api.send('GET', path(i)))
  return [{ name: 'get Pod', unit: 'per s', value, bar: { atLeast: 7_200 } }]
}
