import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRestServer, type RestServer } from '../../../test/support/rest-server.ts'

const configMaps = '/api/v1/namespaces/a/configmaps'
const pods = '/api/v1/namespaces/a/pods'
const mergePatch = 'application/merge-patch+json'

interface Step {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly contentType?: string
  readonly status: number
  /** What the answer must hold, at the least. */
  readonly holds?: object
}

interface Case {
  readonly title: string
  readonly steps: readonly Step[]
}

const configMap = (name: string, more: object = {}) => ({ metadata: { name }, ...more })
const pod = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
})
const post = (path: string, body: unknown): Step => ({ method: 'POST', path, body, status: 201 })

const cases: readonly Case[] = [
  {
    title: 'a new object gets its identity from the server and not from the client',
    steps: [
      {
        ...post(configMaps, { metadata: { name: 'c', uid: 'mine', deletionTimestamp: '2001-01-01T00:00:00Z' } }),
        holds: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'c', namespace: 'a' } },
      },
    ],
  },
  {
    title: 'a name is taken once',
    steps: [
      post(configMaps, configMap('c')),
      {
        ...post(configMaps, configMap('c')),
        status: 409,
        holds: { reason: 'AlreadyExists', message: 'configmaps "c" already exists' },
      },
    ],
  },
  {
    title: 'a stale update loses',
    steps: [
      post(configMaps, configMap('c')),
      {
        method: 'PUT',
        path: `${configMaps}/c`,
        body: { metadata: { name: 'c', resourceVersion: '1' } },
        status: 409,
        holds: { reason: 'Conflict', details: { name: 'c', kind: 'configmaps' } },
      },
    ],
  },
  {
    title: 'an update without version overwrites',
    steps: [
      post(configMaps, configMap('c', { data: { x: '1' } })),
      {
        method: 'PUT',
        path: `${configMaps}/c`,
        body: configMap('c', { data: { x: '2' } }),
        status: 200,
        holds: { data: { x: '2' } },
      },
    ],
  },
  {
    title: 'PUT creates only the kinds that allow it',
    steps: [
      { method: 'PUT', path: `${configMaps}/c`, body: configMap('c'), status: 404, holds: { reason: 'NotFound' } },
      {
        method: 'PUT',
        path: '/apis/coordination.k8s.io/v1/namespaces/a/leases/l',
        body: { metadata: { name: 'l' }, spec: {} },
        status: 201,
      },
    ],
  },
  {
    title: 'a patch that changes nothing writes nothing',
    steps: [
      post(configMaps, configMap('c', { data: { x: '1' } })),
      {
        method: 'PATCH',
        path: `${configMaps}/c`,
        body: { data: { x: '1' } },
        contentType: mergePatch,
        status: 200,
        holds: { metadata: { resourceVersion: '2' } },
      },
    ],
  },
  {
    title: 'a JSON patch is applied operation by operation',
    steps: [
      post(configMaps, configMap('c', { data: { x: '1' } })),
      {
        method: 'PATCH',
        path: `${configMaps}/c`,
        body: [{ op: 'move', from: '/data/x', path: '/data/y' }],
        contentType: 'application/json-patch+json',
        status: 200,
        holds: { data: { y: '1' } },
      },
    ],
  },
  {
    title: 'a patch in no known form is refused',
    steps: [
      post(configMaps, configMap('c')),
      {
        method: 'PATCH',
        path: `${configMaps}/c`,
        body: {},
        status: 415,
        holds: { message: '415: Unsupported Media Type' },
      },
    ],
  },
  {
    title: 'the uid cannot change',
    steps: [
      post(configMaps, configMap('c')),
      {
        method: 'PATCH',
        path: `${configMaps}/c`,
        body: { metadata: { uid: 'other' } },
        contentType: mergePatch,
        status: 422,
        holds: { message: 'ConfigMap "c" is invalid: metadata.uid: Invalid value: "other": field is immutable' },
      },
    ],
  },
  {
    title: 'a finalizer keeps a deleted object until it is taken off',
    steps: [
      post(configMaps, { metadata: { name: 'c', finalizers: ['example.com/hold'] } }),
      {
        method: 'DELETE',
        path: `${configMaps}/c`,
        status: 200,
        holds: { metadata: { deletionGracePeriodSeconds: 0 } },
      },
      { method: 'GET', path: `${configMaps}/c`, status: 200 },
      {
        method: 'PATCH',
        path: `${configMaps}/c`,
        body: { metadata: { finalizers: null } },
        contentType: mergePatch,
        status: 200,
      },
      { method: 'GET', path: `${configMaps}/c`, status: 404 },
    ],
  },
  {
    title: 'an orphaning delete leaves a finalizer for the garbage collector',
    steps: [
      post(configMaps, configMap('c')),
      {
        method: 'DELETE',
        path: `${configMaps}/c?propagationPolicy=Orphan`,
        status: 200,
        holds: { metadata: { finalizers: ['orphan'] } },
      },
    ],
  },
  {
    title: 'a precondition that does not hold keeps the object',
    steps: [
      post(configMaps, configMap('c')),
      {
        method: 'DELETE',
        path: `${configMaps}/c`,
        body: { preconditions: { uid: 'other' } },
        status: 409,
        holds: { details: { name: 'c', kind: 'ConfigMap' } },
      },
      { method: 'GET', path: `${configMaps}/c`, status: 200 },
    ],
  },
  {
    title: 'a Pod on a node waits for its grace period',
    steps: [
      post(pods, pod('p', { nodeName: 'n' })),
      {
        method: 'DELETE',
        path: `${pods}/p`,
        status: 200,
        holds: { metadata: { deletionGracePeriodSeconds: 30, generation: 2 } },
      },
      { method: 'DELETE', path: `${pods}/p?gracePeriodSeconds=0`, status: 200 },
      { method: 'GET', path: `${pods}/p`, status: 404 },
    ],
  },
  {
    title: 'a Pod without node goes at once',
    steps: [
      post(pods, pod('p')),
      { method: 'DELETE', path: `${pods}/p`, status: 200 },
      { method: 'GET', path: `${pods}/p`, status: 404 },
    ],
  },
  {
    title: 'a dry run leaves nothing behind',
    steps: [
      { ...post(`${configMaps}?dryRun=All`, configMap('c')), holds: { kind: 'ConfigMap' } },
      { method: 'GET', path: `${configMaps}/c`, status: 404 },
    ],
  },
  {
    title: 'deletecollection deletes what its selectors let through',
    steps: [
      post(configMaps, { metadata: { name: 'x', labels: { go: 'yes' } } }),
      post(configMaps, configMap('y')),
      { method: 'DELETE', path: `${configMaps}?labelSelector=go%3Dyes`, status: 200 },
      { method: 'GET', path: `${configMaps}/x`, status: 404 },
      { method: 'GET', path: `${configMaps}/y`, status: 200 },
    ],
  },
  {
    title: 'a namespace is marked, and goes when its finalizers are gone',
    steps: [
      post('/api/v1/namespaces', { metadata: { name: 'a' } }),
      { method: 'DELETE', path: '/api/v1/namespaces/a', status: 200, holds: { status: { phase: 'Terminating' } } },
      {
        method: 'PUT',
        path: '/api/v1/namespaces/a/finalize',
        body: { metadata: { name: 'a' }, spec: {} },
        status: 200,
      },
      { method: 'GET', path: '/api/v1/namespaces/a', status: 404 },
    ],
  },
  {
    title: 'a Pod is bound once',
    steps: [
      post(pods, pod('p')),
      post(`${pods}/p/binding`, { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } }),
      {
        ...post(`${pods}/p/binding`, { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n2' } }),
        status: 409,
        holds: {
          message: 'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"',
        },
      },
    ],
  },
  {
    title: 'an object written in one version is read in the other',
    steps: [
      post('/apis/events.k8s.io/v1/namespaces/a/events', {
        metadata: { name: 'e' },
        reportingController: 'c',
        reportingInstance: 'i',
        action: 'Act',
        reason: 'Because',
        type: 'Normal',
        eventTime: '2026-01-01T00:00:00.000000Z',
        regarding: { kind: 'Pod', namespace: 'a', name: 'p' },
        note: 'first',
      }),
      {
        method: 'GET',
        path: '/api/v1/namespaces/a/events/e',
        status: 200,
        holds: { apiVersion: 'v1', message: 'first' },
      },
      {
        method: 'GET',
        path: '/apis/events.k8s.io/v1/namespaces/a/events/e',
        status: 200,
        holds: { apiVersion: 'events.k8s.io/v1', note: 'first', metadata: { resourceVersion: '2' } },
      },
    ],
  },
  {
    title: 'an unknown resource is not found, an unknown verb not allowed',
    steps: [
      {
        method: 'GET',
        path: '/api/v1/namespaces/a/nothings',
        status: 404,
        holds: { message: 'the server could not find the requested resource' },
      },
      { method: 'POST', path: '/api/v1/configmaps', body: configMap('c'), status: 405 },
    ],
  },
]

for (const { title, steps } of cases) test(`REST: ${title}`, () => play(createRestServer(), steps))

async function play(server: RestServer, steps: readonly Step[]): Promise<void> {
  for (const { method, path, body, contentType, status, holds } of steps) {
    const answer = await server.send(method, path, body, contentType)
    assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`)
    if (holds) assert.partialDeepStrictEqual(answer.body, holds)
  }
}

test('REST: a generated name is the prefix and five letters, and another one when it is taken', async () => {
  const server = createRestServer()
  const { body } = await server.send('POST', configMaps, { metadata: { generateName: 'c-' } })
  assert.match((body as { metadata: { name: string } }).metadata.name, /^c-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
})

test('REST: concurrent patches of one object all take effect', async () => {
  const server = createRestServer()
  await server.send('POST', configMaps, configMap('c'))
  const patches = Array.from({ length: 20 }, (_, index) =>
    server.send('PATCH', `${configMaps}/c`, { data: { [`k${index}`]: 'v' } }, mergePatch),
  )
  for (const { status } of await Promise.all(patches)) assert.equal(status, 200)
  const { body } = await server.send('GET', `${configMaps}/c`)
  assert.equal(Object.keys((body as { data: object }).data).length, 20)
})
