import type { Job, JobSpec } from '../../src/api/types/batch/v1.ts'
import type { Pod } from '../../src/api/types/core/v1.ts'
import { events, jobs, namespaces, pods } from '../../src/api/types/resources.ts'
import type { Cached } from '../../src/client/informer.ts'
import { formatTime } from '../../src/machinery/time.ts'
import { type ControllersUnderTest, startControllers } from './controllers.ts'

const namespace = 'default'

/** The named controllers with the namespace `default`. */
export async function startInDefault(...names: string[]): Promise<ControllersUnderTest> {
  const cluster = await startControllers({ names })
  await cluster.client.of(namespaces).create({ metadata: { name: namespace } })
  return cluster
}

export function jobNamed(name: string, spec: Partial<JobSpec> = {}): Job {
  const podSpec = { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work:1' }] }
  return { metadata: { name, namespace }, spec: { template: { spec: podSpec }, ...spec } }
}

/** Running Pods, by name. */
export async function runningPods({ client }: ControllersUnderTest): Promise<readonly Cached<Pod>[]> {
  const { items } = await client.of(pods).list({ namespace })
  return items.filter(({ status, metadata }) => status?.phase === 'Running' && !metadata.deletionTimestamp)
}

/** Ends a running Pod as its kubelet would. */
export async function endPod(
  { client, clock }: ControllersUnderTest,
  pod: Cached<Pod>,
  exitCode: number,
): Promise<void> {
  const finishedAt = formatTime(clock.nowMs())
  const status = {
    ...pod.status,
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: finishedAt }],
    containerStatuses: [
      {
        name: 'work',
        image: 'work:1',
        imageID: '',
        ready: false,
        restartCount: 0,
        state: { terminated: { exitCode, finishedAt } },
      },
    ],
  }
  await client.of(pods).updateStatus({ ...(pod as Pod), status } as Pod)
}

/** `Type=Status Reason` of each condition. */
export async function jobConditions({ client }: ControllersUnderTest, name: string): Promise<string[]> {
  const { status } = await client.of(jobs).get(name, { namespace })
  return (status?.conditions ?? []).map((condition) => `${condition.type}=${condition.status} ${condition.reason}`)
}

/** `Reason: message` of each event so far. */
export async function toldEvents({ client, clock }: ControllersUnderTest): Promise<string[]> {
  await clock.advanceMs(1000)
  return (await client.of(events).list({ namespace })).items.map(({ reason, message }) => `${reason}: ${message}`)
}
