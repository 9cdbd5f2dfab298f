import { configMap } from '../objects.ts'
import type { ApiOperation } from '../operation.ts'
import { ratePerSecond } from '../workers.ts'

export const createConfigMap: ApiOperation = async ({ api, namespace, objects }) => {
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const value = await ratePerSecond(objects, (i) => api.send('POST', path, configMap(`bench-${i}`)))
  return [{ name: 'create ConfigMap', unit: 'per s', value, bar: { atLeast: 5_600 } }]
}
