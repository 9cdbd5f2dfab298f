// The scheduler in a whole control plane, over nodes that run nothing.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Event, Pod, PodSpec } from '../api/types/core/v1.ts'
import { events, pods, serviceAccounts } from '../api/types/resources.ts'
import { createInformer } from '../client/informers.ts'
import { Cluster } from '../cluster/embedded.ts'
import type { DeepReadonly } from '../machinery/object.ts'
import { systemClock } from '../platform/clock.ts'
import { silentLogger as log } from '../platform/log.ts'

const namespace = 'default'

describe('the scheduler among three nodes', () => {
  let cluster: Cluster
  const stopping = new AbortController()
  let informing: Promise<void>
  const waiting = new Set<() => void>()
  let get: (name: string) => DeepReadonly<Pod> | undefined

  /** Resolves when the Pod is as wanted; the runner's time limit ends it otherwise. */
  const until = (name: string, holds: (pod: DeepReadonly<Pod>) => boolean) =>
    new Promise<DeepReadonly<Pod>>((resolve) => {
      const look = () => {
        const pod = get(name)
        if (!pod || !holds(pod)) return
        waiting.delete(look)
        resolve(pod)
      }
      waiting.add(look)
      look()
    })
  const create = (name: string, spec: Partial<PodSpec> = {}) =>
    cluster.client
      .of(pods)
      .create({ metadata: { name, namespace }, spec: { containers: [{ name: 'c', image: 'app' }], ...spec } })
  /** The first event that gives this reason for the Pod. */
  const eventOf = async (name: string, reason: string): Promise<DeepReadonly<Event>> => {
    const seen = new AbortController()
    let found: DeepReadonly<Event> | undefined
    const informer = createInformer({ client: cluster.client, resource: events, clock: systemClock, log })
    informer.addHandler({
      added: (event) => {
        if (event.reason !== reason || event.involvedObject.name !== name) return
        found = event
        seen.abort()
      },
    })
    await informer.run(seen.signal)
    return found!
  }
  const condition = (pod: DeepReadonly<Pod>) => pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')

  before(async () => {
    cluster = await Cluster.start({ nodes: 0, simulateNodes: 3 })
    const accounts = createInformer({ client: cluster.client, resource: serviceAccounts, clock: systemClock, log })
    const found = new AbortController()
    accounts.addHandler({ added: (account) => account.metadata.namespace === namespace && found.abort() })
    await accounts.run(found.signal)
    const informer = createInformer({ client: cluster.client, resource: pods, clock: systemClock, log })
    const changed = () => {
      for (const look of waiting) look()
    }
    informer.addHandler({ added: changed, updated: changed })
    get = (name) => informer.get(`${namespace}/${name}`)
    informing = informer.run(stopping.signal)
  })
  after(async () => {
    stopping.abort()
    await informing
    await cluster.stop()
  })

  test('a Pod is bound and says so', async () => {
    await create('one')
    const pod = await until('one', ({ spec }) => spec?.nodeName !== undefined)
    assert.match(pod.spec?.nodeName ?? '', /^hollow-/)
    assert.equal(condition(pod)?.status, 'True')
  })

  test('a Pod that no node can hold says why', async () => {
    await create('picky', { nodeSelector: { disk: 'ssd' } })
    const why = "didn't match Pod's node affinity/selector"
    const pod = await until('picky', (each) => condition(each)?.message?.includes(`3 node(s) ${why}`) ?? false)
    assert.equal(condition(pod)?.reason, 'Unschedulable')
    assert.equal(
      condition(pod)?.message,
      `0/3 nodes are available: 3 node(s) ${why}. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.`,
    )
    const event = await eventOf('picky', 'FailedScheduling')
    assert.equal(event.type, 'Warning')
    assert.equal(event.message, condition(pod)?.message)
    assert.equal(event.source?.component, 'default-scheduler')
  })

  test('a Pod of another scheduler, and one behind a gate, are left alone', async () => {
    await create('foreign', { schedulerName: 'other' })
    await create('gated', { schedulingGates: [{ name: 'example.org/wait' }] })
    await create('later')
    await until('later', ({ spec }) => spec?.nodeName !== undefined)
    assert.equal((await cluster.client.of(pods).get('foreign', { namespace })).spec?.nodeName, undefined)
    assert.equal(condition(await cluster.client.of(pods).get('gated', { namespace }))?.reason, 'SchedulingGated')
  })
})
