import type { ProcessOperation } from '../operation.ts'
import { apiServerAlone, inOwnCluster } from '../own-cluster.ts'
import { megabytes, usageOf } from '../process-usage.ts'

/** Resident memory of the server, store included, as soon as it is ready. */
export const memoryWhenReady: ProcessOperation = () =>
  inOwnCluster(apiServerAlone, async ({ pid }) => [
    {
      name: 'resident memory when ready',
      unit: 'MiB',
      value: megabytes(usageOf(pid).residentBytes),
      bar: { atMost: 120 },
    },
  ])
