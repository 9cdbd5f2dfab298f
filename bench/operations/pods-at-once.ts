import { sleepingPod } from '../objects.ts'
import type { NodeOperation } from '../operation.ts'
import { untilRunning } from '../until-running.ts'
import { ratePerSecond } from '../workers.ts'

const count = 50

/** Fifty Pods created at once on one node, until all of them run. */
export const podsAtOnce: NodeOperation = async ({ api, namespace, image }) => {
  const path = `/api/v1/namespaces/${namespace}/pods`
  const names = Array.from({ length: count }, (_, i) => `at-once-${i}`)
  const running = await untilRunning(api, namespace, names)
  const startedMs = performance.now()
  await ratePerSecond(count, (i) => api.send('POST', path, sleepingPod(names[i]!, image)))
  await running.all
  const value = (performance.now() - startedMs) / 1000
  running.close()
  await ratePerSecond(count, (i) => api.send('DELETE', `${path}/${names[i]}`))
  return [{ name: `${count} Pods at once, all Running`, unit: 's', value, bar: { atMost: 7 } }]
}
