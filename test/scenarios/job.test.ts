import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobStatus } from '../../src/api/types/batch/v1.ts'
import { jobs, pods } from '../../src/api/types/resources.ts'
import type { DeepReadonly } from '../../src/machinery/object.ts'
import { endPod, jobConditions, jobNamed, runningPods, startInDefault, toldEvents } from '../support/batch.ts'
import type { ControllersUnderTest } from '../support/controllers.ts'

const namespace = 'default'
const start = () => startInDefault('job-controller')

async function statusOf({ client }: ControllersUnderTest, name = 'work'): Promise<DeepReadonly<JobStatus>> {
  return (await client.of(jobs).get(name, { namespace })).status ?? {}
}

async function untilRunning(cluster: ControllersUnderTest, count: number): ReturnType<typeof runningPods> {
  await cluster.until(`${count} running Pods`, async () => (await runningPods(cluster)).length === count)
  return runningPods(cluster)
}

const untilEnd = (cluster: ControllersUnderTest, type: 'Complete' | 'Failed') =>
  cluster.until(type, async () =>
    (await jobConditions(cluster, 'work')).some((text) => text.startsWith(`${type}=True`)),
  )

const untilFailed = (cluster: ControllersUnderTest, count: number) =>
  cluster.until(`${count} counted failures`, async () => (await statusOf(cluster)).failed === count)

test('a Job runs as many Pods as it may until all completions are there', async () => {
  const cluster = await start()
  await cluster.client.of(jobs).create(jobNamed('work', { parallelism: 2, completions: 3 }))
  const first = await untilRunning(cluster, 2)
  assert.deepEqual(first[0]?.metadata.finalizers, ['batch.kubernetes.io/job-tracking'])
  for (const pod of first) await endPod(cluster, pod, 0)
  const [last] = await untilRunning(cluster, 1)
  await endPod(cluster, last!, 0)
  await untilEnd(cluster, 'Complete')
  const { succeeded, failed, active, ready, terminating, uncountedTerminatedPods, completionTime } =
    await statusOf(cluster)
  assert.deepEqual([succeeded, failed, active, ready, terminating], [3, undefined, undefined, 0, 0])
  assert.deepEqual(uncountedTerminatedPods, {})
  assert.ok(completionTime)
  assert.deepEqual(await jobConditions(cluster, 'work'), [
    'SuccessCriteriaMet=True CompletionsReached',
    'Complete=True CompletionsReached',
  ])
  const { items } = await cluster.client.of(pods).list({ namespace })
  assert.deepEqual(
    items.flatMap(({ metadata }) => metadata.finalizers ?? []),
    [],
  )
  assert.ok((await toldEvents(cluster)).includes('Completed: Job completed'))
  await cluster.stop()
})

test('failed Pods are replaced after 10 s, 20 s, … until the backoff limit', async () => {
  const cluster = await start()
  await cluster.client.of(jobs).create(jobNamed('work', { backoffLimit: 1 }))
  const [first] = await untilRunning(cluster, 1)
  const failedMs = cluster.clock.nowMs()
  await endPod(cluster, first!, 1)
  await untilFailed(cluster, 1)
  const [second] = await untilRunning(cluster, 1)
  assert.ok(cluster.clock.nowMs() - failedMs >= 9000)
  await endPod(cluster, second!, 1)
  await untilEnd(cluster, 'Failed')
  assert.deepEqual(await jobConditions(cluster, 'work'), [
    'FailureTarget=True BackoffLimitExceeded',
    'Failed=True BackoffLimitExceeded',
  ])
  assert.equal((await statusOf(cluster)).failed, 2)
  const told = await toldEvents(cluster)
  assert.ok(told.includes('BackoffLimitExceeded: Job has reached the specified backoff limit'))
  await cluster.stop()
})

test('an Indexed Job gives each Pod its index and repeats only what failed', async () => {
  const cluster = await start()
  const spec = { completionMode: 'Indexed', completions: 3, parallelism: 3 }
  await cluster.client.of(jobs).create(jobNamed('work', spec))
  const all = await untilRunning(cluster, 3)
  const indexOf = ({ metadata }: (typeof all)[number]) =>
    Number(metadata.annotations?.['batch.kubernetes.io/job-completion-index'])
  const sorted = all.toSorted((a, b) => indexOf(a) - indexOf(b))
  assert.deepEqual(sorted.map(indexOf), [0, 1, 2])
  assert.deepEqual(
    sorted.map(({ spec }) => spec?.hostname),
    ['work-0', 'work-1', 'work-2'],
  )
  assert.match(sorted[1]!.metadata.name, /^work-1-/)
  await endPod(cluster, sorted[0]!, 0)
  await endPod(cluster, sorted[2]!, 0)
  await cluster.until('two indexes', async () => (await statusOf(cluster)).completedIndexes === '0,2')
  await endPod(cluster, sorted[1]!, 1)
  await untilFailed(cluster, 1)
  const [again] = await untilRunning(cluster, 1)
  assert.equal(indexOf(again!), 1)
  await endPod(cluster, again!, 0)
  await untilEnd(cluster, 'Complete')
  const { completedIndexes, succeeded } = await statusOf(cluster)
  assert.deepEqual([completedIndexes, succeeded], ['0-2', 3])
  await cluster.stop()
})

test('with a backoff limit per index, an index fails alone and the Job at its end', async () => {
  const cluster = await start()
  const spec = { completionMode: 'Indexed', completions: 2, parallelism: 2, backoffLimitPerIndex: 1 }
  await cluster.client.of(jobs).create(jobNamed('work', spec))
  const all = await untilRunning(cluster, 2)
  for (const pod of all) await endPod(cluster, pod, pod.spec?.hostname === 'work-1' ? 0 : 3)
  const [again] = await untilRunning(cluster, 1)
  assert.equal(again?.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count'], '1')
  await endPod(cluster, again!, 3)
  await untilEnd(cluster, 'Failed')
  const { completedIndexes, failedIndexes, failed } = await statusOf(cluster)
  assert.deepEqual([completedIndexes, failedIndexes, failed], ['1', '0', 2])
  assert.ok((await jobConditions(cluster, 'work')).includes('Failed=True FailedIndexes'))
  await cluster.stop()
})

test('a pod failure policy ends the Job at an exit code, and does not count what it ignores', async () => {
  const cluster = await start()
  const podFailurePolicy = {
    rules: [
      { action: 'Ignore', onExitCodes: { operator: 'In', values: [7] } },
      { action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } },
    ],
  }
  await cluster.client.of(jobs).create(jobNamed('work', { podFailurePolicy, backoffLimit: 0 }))
  const [first] = await untilRunning(cluster, 1)
  await endPod(cluster, first!, 7)
  await cluster.until('the first is let go', async () => {
    const { metadata } = await cluster.client.of(pods).get(first!.metadata.name, { namespace })
    return (metadata.finalizers ?? []).length === 0
  })
  const [second] = await untilRunning(cluster, 1)
  await endPod(cluster, second!, 42)
  await untilEnd(cluster, 'Failed')
  const { failed, conditions = [] } = await statusOf(cluster)
  assert.equal(failed, 1)
  assert.equal(
    conditions.at(-1)?.message,
    `Container work for pod default/${second?.metadata.name} failed with exit code 42 matching FailJob rule at index 1`,
  )
  await cluster.stop()
})

test('a success policy ends the Job early and removes the Pods that still run', async () => {
  const cluster = await start()
  const successPolicy = { rules: [{ succeededIndexes: '0' }] }
  const spec = { completionMode: 'Indexed', completions: 2, parallelism: 2, successPolicy }
  await cluster.client.of(jobs).create(jobNamed('work', spec))
  const all = await untilRunning(cluster, 2)
  await endPod(cluster, all.find(({ spec }) => spec?.hostname === 'work-0')!, 0)
  await untilEnd(cluster, 'Complete')
  assert.deepEqual(await jobConditions(cluster, 'work'), [
    'SuccessCriteriaMet=True SuccessPolicy',
    'Complete=True SuccessPolicy',
  ])
  assert.deepEqual(await runningPods(cluster), [])
  const { completedIndexes, failed } = await statusOf(cluster)
  assert.deepEqual([completedIndexes, failed], ['0', undefined])
  await cluster.stop()
})

test('a Job that runs longer than its deadline fails, and its Pods with it', async () => {
  const cluster = await start()
  await cluster.client.of(jobs).create(jobNamed('work', { activeDeadlineSeconds: 30, parallelism: 2 }))
  await untilRunning(cluster, 2)
  await untilEnd(cluster, 'Failed')
  assert.ok((await jobConditions(cluster, 'work')).includes('Failed=True DeadlineExceeded'))
  assert.deepEqual(await runningPods(cluster), [])
  assert.equal((await statusOf(cluster)).failed, 2)
  await cluster.stop()
})

test('a suspended Job has no Pods, and starts anew when it is resumed', async () => {
  const cluster = await start()
  await cluster.client.of(jobs).create(jobNamed('work', { parallelism: 2 }))
  await untilRunning(cluster, 2)
  const suspend = (value: boolean) =>
    cluster.client.of(jobs).patch('work', { spec: { suspend: value } }, { type: 'merge', namespace })
  await suspend(true)
  await cluster.until('no Pods', async () => (await cluster.client.of(pods).list({ namespace })).items.length === 0)
  assert.deepEqual(await jobConditions(cluster, 'work'), ['Suspended=True JobSuspended'])
  assert.equal((await statusOf(cluster)).startTime, undefined)
  await suspend(false)
  await untilRunning(cluster, 2)
  assert.deepEqual(await jobConditions(cluster, 'work'), ['Suspended=False JobResumed'])
  const { startTime, failed } = await statusOf(cluster)
  assert.ok(startTime)
  assert.equal(failed, undefined)
  const told = await toldEvents(cluster)
  assert.ok(told.includes('Suspended: Job suspended') && told.includes('Resumed: Job resumed'))
  await cluster.stop()
})

test('a Job that is managed by another controller is left alone', async () => {
  const cluster = await start()
  await cluster.client.of(jobs).create(jobNamed('work', { managedBy: 'example.com/other' }))
  await cluster.clock.advanceMs(5000)
  assert.deepEqual((await cluster.client.of(pods).list({ namespace })).items, [])
  await cluster.stop()
})

test('Pods of a Job that was deleted without them lose the finalizer', async () => {
  const cluster = await startInDefault('job-controller', 'garbage-collector-controller')
  await cluster.client.of(jobs).create(jobNamed('work', {}))
  await untilRunning(cluster, 1)
  await cluster.client.of(jobs).delete('work', { namespace, propagationPolicy: 'Background' })
  await cluster.until('no Pods', async () => (await cluster.client.of(pods).list({ namespace })).items.length === 0)
  await cluster.stop()
})
