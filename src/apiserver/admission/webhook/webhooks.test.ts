import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  allow,
  patch,
  type Respond,
  startWebhookServer,
  type WebhookServer,
} from '../../../../test/support/webhook-server.ts'
import type { MutatingWebhook, ValidatingWebhook } from '../../../api/types/admissionregistration/v1.ts'
import {
  configMaps,
  horizontalPodAutoscalers,
  mutatingWebhookConfigurations,
  namespaces,
  validatingWebhookConfigurations,
} from '../../../api/types/resources.ts'
import { CertificateAuthority } from '../../../cluster/certificates.ts'
import { Cluster } from '../../../cluster/embedded.ts'
import { StatusError } from '../../../machinery/status.ts'
import { systemClock } from '../../../platform/clock.ts'

let cluster: Cluster
let server: WebhookServer

before(async () => {
  cluster = await Cluster.start({ components: ['apiserver'] })
  server = await startWebhookServer()
  await cluster.client.of(namespaces).create({ metadata: { name: 'shop', labels: { team: 'a' } } })
})

after(async () => {
  server.stop()
  await cluster.stop()
})

/** Registers the webhooks, runs `action`, takes them away again; answers what `action` was refused with. */
async function withWebhooks(
  kind: 'validating' | 'mutating',
  webhooks: readonly (MutatingWebhook & ValidatingWebhook)[],
  action: () => Promise<unknown>,
): Promise<StatusError | undefined> {
  const resource = kind === 'validating' ? validatingWebhookConfigurations : mutatingWebhookConfigurations
  const configurations = cluster.client.of(resource as typeof mutatingWebhookConfigurations)
  await configurations.create({ metadata: { name: 'test' }, webhooks: [...webhooks] })
  try {
    await action()
    return undefined
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return error
  } finally {
    await configurations.delete('test')
  }
}

let made = 0

function createConfigMap(data: Record<string, string> = {}, options: { dryRun?: boolean } = {}) {
  const object = { metadata: { name: `c${made++}`, namespace: 'shop' }, data }
  return cluster.client.of(configMaps).create(object, options)
}

describe('ValidatingAdmissionWebhook', () => {
  const rows: {
    title: string
    respond: Respond
    given?: Partial<ValidatingWebhook>
    dryRun?: boolean
    refusal: object
  }[] = [
    {
      title: 'without a reason',
      respond: ({ request: { uid } }) => ({ response: { uid, allowed: false } }),
      refusal: { code: 400, message: 'admission webhook "v.example.com" denied the request without explanation' },
    },
    {
      title: 'with code, reason and message',
      respond: ({ request: { uid } }) => ({
        response: { uid, allowed: false, status: { code: 418, reason: 'Conflict', message: 'no tea' } },
      }),
      refusal: {
        code: 418,
        reason: 'Conflict',
        message: 'admission webhook "v.example.com" denied the request: no tea',
      },
    },
    {
      title: 'an error page',
      respond: () => ({ status: 404 }),
      refusal: {
        code: 500,
        reason: 'InternalError',
        message:
          'Internal error occurred: failed calling webhook "v.example.com": failed to call webhook: ' +
          'the server could not find the requested resource',
      },
    },
    {
      title: 'another uid',
      respond: () => ({ response: { uid: 'x', allowed: true } }),
      refusal: { code: 500 },
    },
    {
      title: 'no answer in time',
      respond: () => undefined,
      given: { timeoutSeconds: 1 },
      refusal: { code: 500 },
    },
    {
      title: 'a patch',
      respond: patch({ op: 'add', path: '/data', value: {} }),
      refusal: {
        message:
          'Internal error occurred: failed calling webhook "v.example.com": ' +
          'received invalid webhook response: validating webhook may not return response.patch',
      },
    },
    {
      title: 'a dry run where there are side effects',
      respond: allow,
      given: { sideEffects: 'NoneOnDryRun' },
      dryRun: true,
      refusal: {},
    },
  ]
  for (const { title, respond, given, dryRun = false, refusal } of rows) {
    test(`refused: ${title}`, async () => {
      server.responders.set('/v', respond)
      const error = await withWebhooks('validating', [server.webhook('/v', given)], () =>
        createConfigMap({}, { dryRun }),
      )
      const expected = Object.keys(refusal).length === 0 ? undefined : refusal
      const told = error && Object.fromEntries(Object.keys(refusal).map((key) => [key, error.status[key as 'code']]))
      assert.deepEqual(told, expected)
    })
  }

  test('what is sent names the request in full', async () => {
    server.responders.set('/v', allow)
    server.reviews.length = 0
    const created: { name?: string } = {}
    await withWebhooks('validating', [server.webhook('/v')], async () => {
      created.name = (await createConfigMap({ a: 'b' })).metadata.name
    })
    const { uid, object, userInfo, ...request } = server.reviews[0]!.request
    assert.deepEqual(object.data, { a: 'b' })
    assert.match(uid, /^[0-9a-f-]{36}$/)
    assert.deepEqual((userInfo as { groups: string[] }).groups.includes('system:authenticated'), true)
    assert.deepEqual(request, {
      kind: { group: '', version: 'v1', kind: 'ConfigMap' },
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
      requestResource: { group: '', version: 'v1', resource: 'configmaps' },
      name: created.name,
      namespace: 'shop',
      operation: 'CREATE',
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    })
  })

  test('a failure that may be ignored is', async () => {
    server.responders.set('/v', () => ({ status: 500 }))
    const hooks = [server.webhook('/v', { failurePolicy: 'Ignore' })]
    assert.equal(await withWebhooks('validating', hooks, () => createConfigMap()), undefined)
  })

  test('a rule for one version is for all, and sees that version', async () => {
    server.responders.set('/v', allow)
    const rule = {
      ...server.webhook('/v').rules![0]!,
      apiGroups: ['autoscaling'],
      resources: ['horizontalpodautoscalers'],
    }
    const spec = { maxReplicas: 2, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } }
    const created = () =>
      cluster.client.of(horizontalPodAutoscalers).create({ metadata: { name: `h${made++}`, namespace: 'shop' }, spec })
    server.reviews.length = 0
    await withWebhooks('validating', [server.webhook('/v', { rules: [rule] })], created)
    assert.equal(server.reviews[0]?.request.object.apiVersion, 'autoscaling/v1')
    assert.deepEqual(server.reviews[0].request.requestKind, {
      group: 'autoscaling',
      version: 'v2',
      kind: 'HorizontalPodAutoscaler',
    })
    server.reviews.length = 0
    await withWebhooks('validating', [server.webhook('/v', { rules: [rule], matchPolicy: 'Exact' })], created)
    assert.equal(server.reviews.length, 0)
  })

  test('an authority that did not sign the certificate is not trusted', async () => {
    const other = await CertificateAuthority.create('other', systemClock)
    const caBundle = Buffer.from(other.pair.certificate).toString('base64')
    const clientConfig = { ...server.webhook('/v').clientConfig, caBundle }
    const error = await withWebhooks('validating', [server.webhook('/v', { clientConfig })], () => createConfigMap())
    assert.equal(
      error?.message,
      `Internal error occurred: failed calling webhook "v.example.com": failed to call webhook: ` +
        `Post "https://127.0.0.1:${server.port}/v?timeout=10s": ` +
        'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    )
  })
})

describe('MutatingAdmissionWebhook', () => {
  test('webhooks see what those before them have made of an object', async () => {
    server.responders.set('/a', patch({ op: 'add', path: '/data', value: { seen: 'a' } }))
    server.responders.set('/b', ({ request: { uid, object } }) => {
      const value = `${object.data?.seen}b`
      const text = Buffer.from(JSON.stringify([{ op: 'replace', path: '/data/seen', value }])).toString('base64')
      return { response: { uid, allowed: true, patchType: 'JSONPatch', patch: text } }
    })
    let data: unknown
    await withWebhooks('mutating', [server.webhook('/a'), server.webhook('/b')], async () => {
      data = (await createConfigMap({ x: 'y' })).data
    })
    assert.deepEqual(data, { seen: 'ab' })
  })

  test('one that wishes it is asked again after a later one has changed the object', async () => {
    const asked: string[] = []
    const count =
      (name: string, respond: Respond): Respond =>
      (review) => {
        asked.push(name)
        return respond(review)
      }
    server.responders.set('/a', count('a', allow))
    server.responders.set('/b', count('b', patch({ op: 'add', path: '/data/b', value: 'b' })))
    await withWebhooks(
      'mutating',
      [server.webhook('/a', { reinvocationPolicy: 'IfNeeded' }), server.webhook('/b')],
      () => createConfigMap({ x: 'y' }),
    )
    assert.deepEqual(asked, ['a', 'b', 'a'])
  })

  test('a deletion cannot be patched', async () => {
    const { metadata } = await createConfigMap()
    server.responders.set('/a', patch({ op: 'add', path: '/data', value: {} }))
    const error = await withWebhooks('mutating', [server.webhook('/a')], () =>
      cluster.client.of(configMaps).delete(metadata.name, { namespace: 'shop' }),
    )
    assert.equal(
      error?.message,
      'Internal error occurred: admission webhook "a.example.com" attempted to modify the object, ' +
        'which is not supported for this operation',
    )
  })

  test('the warnings of a webhook are the answer’s', async () => {
    server.responders.set('/a', ({ request: { uid } }) => ({ response: { uid, allowed: true, warnings: ['careful'] } }))
    let warnings: readonly string[] | undefined
    await withWebhooks('mutating', [server.webhook('/a')], async () => {
      const body = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: `c${made++}` } }
      const path = '/api/v1/namespaces/shop/configmaps'
      warnings = (await cluster.client.transport.request({ method: 'POST', path, body })).warnings
    })
    assert.deepEqual(warnings, ['careful'])
  })
})
