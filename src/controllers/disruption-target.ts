import type { Pod } from '../api/types/core/v1.ts'
import { pods } from '../api/types/resources.ts'
import type { Client } from '../client/client.ts'
import type { DeepReadonly, Stored } from '../machinery/object.ts'
import { isStatus } from '../machinery/status.ts'
import { formatTime } from '../machinery/time.ts'

export interface Disruption {
  readonly reason: string
  readonly message: string
  readonly nowMs: number
  /** Also set, for a Pod whose kubelet will never say so. */
  readonly phase?: 'Failed'
}

/** Says on a Pod why it is about to be deleted, which Jobs count by. A Pod that is gone is no error. */
export async function noteDisruption(
  client: Client,
  { metadata }: DeepReadonly<Stored<Pod>>,
  { reason, message, nowMs, phase }: Disruption,
): Promise<void> {
  const condition = { type: 'DisruptionTarget', status: 'True', reason, message, lastTransitionTime: formatTime(nowMs) }
  const status = { ...(phase ? { phase } : {}), conditions: [condition] }
  const { name, namespace = '', uid } = metadata
  try {
    await client
      .of(pods)
      .patch(name, { metadata: { uid }, status }, { type: 'strategic', namespace, subresource: 'status' })
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
  }
}
