import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { refusal, write } from '../../../test/support/admission.ts'
import { builtInResources } from '../../api/all.ts'
import { configMaps, events } from '../../api/types/resources.ts'
import type { KubeObject } from '../../machinery/object.ts'
import type { AdmissionAttributes } from './admission.ts'
import { type EventLimit, eventRateLimit } from './event-rate-limit.ts'

const about = (name: string): KubeObject & { [field: string]: unknown } => ({
  metadata: { name: 'e' },
  source: { component: 'kubelet', host: 'n' },
  involvedObject: { kind: 'Pod', namespace: 'shop', name, uid: '1', apiVersion: 'v1' },
})
const event = (given: Parameters<typeof write>[1] = {}) => write(events, { object: about('a'), ...given })
const by = (name: string) => event({ user: { name, groups: [], extra: {} } })
const newEvents = builtInResources.find(({ group, plural }) => group === 'events.k8s.io' && plural === 'events')!
const reached = (type: string, key: string) => `limit reached on type ${type} for key ${key}`
const tooMany = (why: string) => `Too many requests: ${why}`

interface Row {
  readonly title: string
  readonly limits: readonly EventLimit[]
  /** Writes one after the other, all at once unless a number of milliseconds stands between. */
  readonly writes: readonly (AdmissionAttributes | number)[]
  /** Why each of them is refused; undefined when it is not. */
  readonly want: readonly (string | undefined)[]
}

const limit = (type: EventLimit['type'], given: Partial<EventLimit> = {}): EventLimit => {
  return { type, qps: 1, burst: 1, ...given }
}

describe('EventRateLimit', () => {
  const server = tooMany(reached('Server', ''))
  const rows: Row[] = [
    {
      title: 'lets a burst in',
      limits: [limit('Server', { burst: 2 })],
      writes: [event(), event(), event()],
      want: [undefined, undefined, server],
    },
    {
      title: 'lets more in with time',
      limits: [limit('Server', { qps: 2 })],
      writes: [event(), 499, event(), 1, event(), event()],
      want: [undefined, server, undefined, server],
    },
    {
      title: 'counts namespaces by themselves',
      limits: [limit('Namespace')],
      writes: [event(), event({ namespace: 'other' }), event()],
      want: [undefined, undefined, tooMany(reached('Namespace', 'shop'))],
    },
    {
      title: 'counts users by themselves',
      limits: [limit('User')],
      writes: [by('bob'), by('carol'), by('bob')],
      want: [undefined, undefined, tooMany(reached('User', 'bob'))],
    },
    {
      title: 'counts what events are about by itself',
      limits: [limit('SourceAndObject')],
      writes: [event(), event({ object: about('b') }), event()],
      want: [undefined, undefined, tooMany(reached('SourceAndObject', 'kubeletnPodshopa1v1'))],
    },
    {
      title: 'forgets the key used longest ago',
      limits: [limit('User', { cacheSize: 2 })],
      writes: [by('bob'), by('carol'), by('dave'), by('dave'), by('bob')],
      want: [undefined, undefined, undefined, tooMany(reached('User', 'dave')), undefined],
    },
    {
      title: 'names all limits reached',
      limits: [limit('Server'), limit('User')],
      writes: [event(), event()],
      want: [undefined, tooMany(`[${reached('Server', '')}, ${reached('User', 'alice')}]`)],
    },
    {
      title: 'counts both groups of events, updates too',
      limits: [limit('Server')],
      writes: [event(), event({ definition: newEvents, operation: 'UPDATE', oldObject: about('a') })],
      want: [undefined, server],
    },
    {
      title: 'does not count dry runs',
      limits: [limit('Server')],
      writes: [event({ dryRun: true }), event(), event({ dryRun: true })],
      want: [undefined, undefined, undefined],
    },
    {
      title: 'counts nothing else',
      limits: [limit('Server')],
      writes: [event(), write(configMaps, { object: { metadata: { name: 'c' } } })],
      want: [undefined, undefined],
    },
  ]
  for (const { title, limits, writes, want } of rows) {
    test(title, async () => {
      let nowMs = 0
      const plugin = eventRateLimit({ limits }, () => nowMs)
      const refused: (string | undefined)[] = []
      for (const step of writes) {
        if (typeof step === 'number') nowMs += step
        else refused.push(await refusal(plugin, step))
      }
      assert.deepEqual(refused, want)
    })
  }
})

describe('EventRateLimit is not configured with', () => {
  const rows: { title: string; limits: unknown[]; says: RegExp }[] = [
    { title: 'no limits', limits: [], says: /limits.*must not be empty/ },
    { title: 'an unknown type', limits: [{ type: 'Node', qps: 1, burst: 1 }], says: /limits\[0\]\.type.*"Node"/ },
    { title: 'no burst', limits: [{ type: 'User', qps: 1, burst: 0 }], says: /limits\[0\]\.burst.*must be positive/ },
    { title: 'no rate', limits: [{ type: 'User', qps: -1, burst: 1 }], says: /limits\[0\]\.qps.*must be positive/ },
    {
      title: 'a cache smaller than nothing',
      limits: [{ type: 'User', qps: 1, burst: 1, cacheSize: -1 }],
      says: /limits\[0\]\.cacheSize.*must not be negative/,
    },
  ]
  for (const { title, limits, says } of rows) {
    test(title, () => assert.throws(() => eventRateLimit({ limits: limits as EventLimit[] }, () => 0), says))
  }
})
