import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CronJobSpec, CronJobStatus } from '../../src/api/types/batch/v1.ts'
import { cronJobs, jobs } from '../../src/api/types/resources.ts'
import type { DeepReadonly } from '../../src/machinery/object.ts'
import { endPod, jobNamed, runningPods, startInDefault, toldEvents } from '../support/batch.ts'
import type { ControllersUnderTest } from '../support/controllers.ts'

const namespace = 'default'
const minuteMs = 60_000

async function startWith(spec: Partial<CronJobSpec> = {}): Promise<ControllersUnderTest> {
  const cluster = await startInDefault('cronjob-controller', 'job-controller', 'garbage-collector-controller')
  const jobTemplate = { spec: jobNamed('').spec! }
  const metadata = { name: 'tick', namespace }
  await cluster.client.of(cronJobs).create({ metadata, spec: { schedule: '* * * * *', jobTemplate, ...spec } })
  return cluster
}

async function jobNames({ client }: ControllersUnderTest): Promise<string[]> {
  return (await client.of(jobs).list({ namespace })).items.map(({ metadata }) => metadata.name).sort()
}

async function statusOf({ client }: ControllersUnderTest): Promise<DeepReadonly<CronJobStatus>> {
  return (await client.of(cronJobs).get('tick', { namespace })).status ?? {}
}

const untilJobs = (cluster: ControllersUnderTest, count: number) =>
  cluster.until(`${count} Jobs`, async () => (await jobNames(cluster)).length === count)

async function finishAll(cluster: ControllersUnderTest): Promise<void> {
  await cluster.until('a running Pod', async () => (await runningPods(cluster)).length > 0)
  for (const pod of await runningPods(cluster)) await endPod(cluster, pod, 0)
  await cluster.until('no active Job', async () => ((await statusOf(cluster)).active ?? []).length === 0)
}

test('a CronJob starts a Job at each minute, named after it, and keeps the last three', async () => {
  const cluster = await startWith()
  const startMs = cluster.clock.nowMs()
  await untilJobs(cluster, 1)
  const [job] = (await cluster.client.of(jobs).list({ namespace })).items
  assert.equal(job?.metadata.name, `tick-${startMs / minuteMs + 1}`)
  assert.equal(job?.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'], '2026-01-01T00:01:00Z')
  const { active, lastScheduleTime } = await statusOf(cluster)
  assert.deepEqual([active?.map(({ name }) => name), lastScheduleTime], [[job?.metadata.name], '2026-01-01T00:01:00Z'])
  await finishAll(cluster)
  assert.ok((await statusOf(cluster)).lastSuccessfulTime)
  for (let round = 2; round <= 5; round += 1) {
    const name = `tick-${startMs / minuteMs + round}`
    await cluster.until(name, async () => (await jobNames(cluster)).includes(name))
    await finishAll(cluster)
  }
  await untilJobs(cluster, 3)
  assert.equal((await jobNames(cluster))[0], `tick-${startMs / minuteMs + 3}`)
  const told = await toldEvents(cluster)
  assert.ok(told.includes(`SuccessfulCreate: Created job ${job?.metadata.name}`))
  assert.ok(told.includes(`SawCompletedJob: Saw completed job: ${job?.metadata.name}, condition: Complete`))
  assert.ok(told.includes(`SuccessfulDelete: Deleted job ${job?.metadata.name}`))
  await cluster.stop()
})

const policies: [policy: string, wanted: number][] = [
  ['Allow', 3],
  ['Forbid', 1],
  ['Replace', 1],
]
for (const [concurrencyPolicy, wanted] of policies) {
  test(`with ${concurrencyPolicy} there are ${wanted} Jobs after three minutes of one that does not end`, async () => {
    const cluster = await startWith({ concurrencyPolicy })
    await untilJobs(cluster, 1)
    const first = await jobNames(cluster)
    await cluster.clock.advanceMs(2 * minuteMs + 5000)
    await untilJobs(cluster, wanted)
    assert.equal((await jobNames(cluster)).includes(first[0]!), concurrencyPolicy !== 'Replace')
    const told = await toldEvents(cluster)
    const refusal = 'Not starting job because prior execution is running and concurrency policy is Forbid'
    assert.equal(told.includes(`JobAlreadyActive: ${refusal}`), concurrencyPolicy === 'Forbid')
    await cluster.stop()
  })
}

test('a suspended CronJob starts nothing, and when resumed not what is past its deadline', async () => {
  const cluster = await startWith({ suspend: true, startingDeadlineSeconds: 15 })
  await cluster.clock.advanceMs(5 * minuteMs + 30_000)
  assert.deepEqual(await jobNames(cluster), [])
  const resume = { spec: { suspend: false } }
  await cluster.client.of(cronJobs).patch('tick', resume, { type: 'merge', namespace })
  await cluster.clock.advanceMs(10_000)
  assert.deepEqual(await jobNames(cluster), [])
  await untilJobs(cluster, 1)
  await cluster.stop()
})
