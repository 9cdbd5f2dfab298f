import { ApiConnection } from '../api-connection.ts'
import { configMap } from '../objects.ts'
import type { ApiOperation, ApiTarget } from '../operation.ts'
import { perSecond, quantile } from '../statistics.ts'
import { ratePerSecond } from '../workers.ts'

const watchers = 100
const writes = 500
/** Writers one after another would measure how long a write takes; many would measure how long the queue gets. */
const writers = 4

const nameOf = /"name":"fan-out-(\d+)"/

/** ConfigMaps are created while 100 clients watch them: events per second, and from the request to each event. */
export const watchFanOut: ApiOperation = async (target) => {
  const connection = await ApiConnection.open(target.credentials)
  const stopping = new AbortController()
  try {
    const { value, latenciesMs } = await fanOut(target, connection, stopping.signal)
    return [
      { name: `watch fan-out, ${watchers} watchers`, unit: 'events per s', value, bar: { atLeast: 21_000 } },
      { name: 'watch fan-out, p99', unit: 'ms', value: quantile(latenciesMs, 0.99), bar: { atMost: 181 } },
    ]
  } finally {
    stopping.abort()
    connection.close()
  }
}

async function fanOut({ api, namespace }: ApiTarget, connection: ApiConnection, signal: AbortSignal) {
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const { metadata } = await api.get<{ metadata: { resourceVersion: string } }>(`${path}?limit=1`)
  const sentMs = new Float64Array(writes)
  const latenciesMs: number[] = []
  const { promise: allSeen, resolve } = Promise.withResolvers<void>()
  const see = (line: string) => {
    const index = nameOf.exec(line)?.[1]
    if (index === undefined) return
    latenciesMs.push(performance.now() - sentMs[Number(index)]!)
    if (latenciesMs.length === writes * watchers) resolve()
  }
  const query = `?watch=true&resourceVersion=${metadata.resourceVersion}`
  await Promise.all(Array.from({ length: watchers }, () => connection.watch(`${path}${query}`, see, signal)))
  const startedMs = performance.now()
  const write = (i: number) => {
    sentMs[i] = performance.now()
    return api.send('POST', path, configMap(`fan-out-${i}`))
  }
  await ratePerSecond(writes, write, writers)
  await allSeen
  return { value: perSecond(writes * watchers, performance.now() - startedMs), latenciesMs }
}
