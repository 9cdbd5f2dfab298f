import { hollowNode, pod } from '../objects.ts'
import type { ApiOperation, ApiTarget } from '../operation.ts'
import { perSecond } from '../statistics.ts'
import { ratePerSecond } from '../workers.ts'

const nodeCount = 1_000

/** Pods on 1,000 nodes that run nothing, from the first create to the last binding. */
export const schedulePods: ApiOperation = async (target) => {
  const { api, namespace, objects } = target
  const label = { 'bench.kubets/run': namespace }
  const nodeName = (i: number) => `${namespace}-${i}`
  await ratePerSecond(nodeCount, (i) => api.send('POST', '/api/v1/nodes', hollowNode(nodeName(i), label)))
  try {
    const spanMs = await timeBindings(target, { nodeSelector: label, tolerations: [{ operator: 'Exists' }] })
    const name = `schedule ${objects} Pods on ${nodeCount} nodes`
    return [{ name, unit: 'Pods per s', value: perSecond(objects, spanMs), bar: { atLeast: 918 } }]
  } finally {
    await ratePerSecond(nodeCount, (i) => api.send('DELETE', `/api/v1/nodes/${nodeName(i)}`))
  }
}

/** In milliseconds. The nodes of this run alone take its Pods, whatever taints controllers give nodes nobody runs. */
async function timeBindings({ api, namespace, objects }: ApiTarget, spec: object): Promise<number> {
  const path = `/api/v1/namespaces/${namespace}/pods`
  const stopping = new AbortController()
  const { promise: allBound, resolve } = Promise.withResolvers<void>()
  const bound = new Set<string>()
  const see = (line: string) => {
    const event = JSON.parse(line) as { object: { metadata: { name: string }; spec?: { nodeName?: string } } }
    if (event.object.spec?.nodeName) bound.add(event.object.metadata.name)
    if (bound.size === objects) resolve()
  }
  try {
    await api.watch(`${path}?watch=true&resourceVersion=0`, see, stopping.signal)
    const startedMs = performance.now()
    await ratePerSecond(objects, (i) => api.send('POST', path, pod(i, spec)))
    await allBound
    return performance.now() - startedMs
  } finally {
    stopping.abort()
  }
}
