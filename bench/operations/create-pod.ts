import { pod } from '../objects.ts'
import type { ApiOperation } from '../operation.ts'
import { ratePerSecond } from '../workers.ts'

export const createPod: ApiOperation = async ({ api, namespace, objects }) => {
  const path = `/api/v1/namespaces/${namespace}/pods`
  const value = await ratePerSecond(objects, (i) => api.send('POST', path, pod(i)))
  return [{ name: 'create Pod', unit: 'per s', value, bar: { atLeast: 3_200 } }]
}
