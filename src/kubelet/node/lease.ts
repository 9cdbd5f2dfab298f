import { leases } from '../../api/types/resources.ts'
import type { Client } from '../../client/client.ts'
import { isStatus } from '../../machinery/status.ts'
import { formatMicroTime } from '../../machinery/time.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'

const namespace = 'kube-node-lease'
/** Upstream's: a lease of 40 s, renewed every quarter of it. kubelet v1.36 nodeLeaseDurationSeconds. */
const leaseDurationSeconds = 40
const renewEveryMs = 10_000
const retryAfterMs = 1_000

export interface HeartbeatOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Logger
  readonly nodeName: string
  /** Of the Node, which owns the lease. */
  readonly nodeUid: () => Promise<string>
}

/** Renews the node's Lease until `signal` aborts: the sign of life that node controllers look at. */
export async function runHeartbeat(options: HeartbeatOptions, signal: AbortSignal): Promise<void> {
  const { clock, log } = options
  while (!signal.aborted) {
    let waitMs = renewEveryMs
    try {
      await renew(options)
    } catch (error) {
      if (!signal.aborted) log.warn('node lease not renewed, trying again', { error })
      waitMs = retryAfterMs
    }
    await clock.sleep(waitMs, signal)
  }
}

async function renew({ client, clock, nodeName, nodeUid }: HeartbeatOptions): Promise<void> {
  const renewTime = formatMicroTime(clock.nowMs())
  const spec = { holderIdentity: nodeName, leaseDurationSeconds, renewTime }
  try {
    await client.of(leases).patch(nodeName, { spec }, { namespace, type: 'merge' })
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
    const owner = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: await nodeUid() }
    const metadata = { name: nodeName, namespace, ownerReferences: [owner] }
    await client.of(leases).create({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec })
  }
}
