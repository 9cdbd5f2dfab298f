import { sleepingPod } from '../objects.ts'
import type { NodeOperation } from '../operation.ts'
import { median } from '../statistics.ts'
import { untilRunning } from '../until-running.ts'

const times = 10

/** `kubectl apply` of one Pod after another, each from the start of kubectl until the Pod runs. */
export const applyToRunning: NodeOperation = async ({ cluster, api, namespace, image }) => {
  const spansMs: number[] = []
  for (let i = 0; i < times; i += 1) {
    const name = `apply-${i}`
    const manifest = JSON.stringify(sleepingPod(name, image)).replace('{"name"', `{"namespace":"${namespace}","name"`)
    const running = await untilRunning(api, namespace, [name])
    const startedMs = performance.now()
    await cluster.process.apply(manifest)
    await running.all
    spansMs.push(performance.now() - startedMs)
    running.close()
    await api.send('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`)
  }
  return [
    { name: 'kubectl apply to Running, median', unit: 's', value: median(spansMs) / 1000, bar: { atMost: 0.5 } },
    { name: 'kubectl apply to Running, max', unit: 's', value: Math.max(...spansMs) / 1000 },
  ]
}
