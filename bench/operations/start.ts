import { ClusterProcess, freePort } from '../../test/support/cluster-process.ts'
import type { ProcessOperation } from '../operation.ts'
import { apiServerAlone, untilReady } from '../own-cluster.ts'
import { median } from '../statistics.ts'

const starts = 5

/** From the start of the process until `/readyz` answers ok: the first time, and again on the same data. */
export const start: ProcessOperation = async () => {
  const firstMs: number[] = []
  const againMs: number[] = []
  for (let i = 0; i < starts; i += 1) {
    const cluster = new ClusterProcess(await freePort(), apiServerAlone)
    try {
      firstMs.push(await startMs(cluster))
      await cluster.interrupt()
      againMs.push(await startMs(cluster))
    } finally {
      await cluster.close()
    }
  }
  return [
    { name: `start to /readyz, new data, median of ${starts}`, unit: 's', value: median(firstMs) / 1000, bar },
    { name: `start to /readyz, again, median of ${starts}`, unit: 's', value: median(againMs) / 1000, bar },
  ]
}

const bar = { atMost: 0.5 }

async function startMs(cluster: ClusterProcess): Promise<number> {
  const startedMs = performance.now()
  const up = cluster.up()
  await untilReady(cluster.port)
  const spanMs = performance.now() - startedMs
  await up
  return spanMs
}
