import { removeCluster } from '../cluster/down.ts'
import { systemClock } from '../platform/clock.ts'
import { createLogger } from '../platform/log.ts'
import { type DataDirFlag, dataDirOf } from './data-dir.ts'

/** `kubets down`: ends what runs and removes Pods, namespaces and rules; with --purge the data, too. */
export async function down({ purge = false, ...flags }: DataDirFlag & { readonly purge?: boolean }): Promise<void> {
  const dataDir = dataDirOf(flags)
  const log = createLogger({ level: 'warn' })
  const removed = await removeCluster({ dataDir, purge, clock: systemClock, log })
  console.log(removed ? `removed ${removed}` : `nothing to remove in ${dataDir}`)
}
