import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import type {
  MutatingWebhook,
  RuleWithOperations,
  ValidatingWebhook,
} from '../../../api/types/admissionregistration/v1.ts'
import type { ConfigMap } from '../../../api/types/core/v1.ts'
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

interface Review {
  readonly apiVersion: string
  readonly request: Readonly<Record<string, unknown>> & { readonly uid: string; readonly object: ConfigMap }
}

type Respond = (review: Review) => Readonly<Record<string, unknown>> | undefined

let cluster: Cluster
let authority: CertificateAuthority
let server: Server
let port: number
/** By path. One that answers nothing never answers. */
const responders = new Map<string, Respond>()
const reviews: Review[] = []

before(async () => {
  cluster = await Cluster.start({ components: ['apiserver'] })
  authority = await CertificateAuthority.create('webhooks', systemClock)
  const { certificate: cert, key } = await authority.issue({
    commonName: 'webhook',
    names: ['127.0.0.1', 'hook.shop.svc'],
    usage: 'server',
  })
  server = createServer({ cert, key }, async (request, response) => {
    const review = (await json(request)) as Review
    reviews.push(review)
    const answer = responders.get(new URL(request.url!, 'https://x').pathname)?.(review)
    if (answer === undefined) return
    const { status = 200, ...body } = answer
    response.writeHead(status as number, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ apiVersion: review.apiVersion, kind: 'AdmissionReview', ...body }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  await cluster.client.of(namespaces).create({ metadata: { name: 'shop', labels: { team: 'a' } } })
})

after(async () => {
  server.closeAllConnections()
  server.close()
  await cluster.stop()
})

const onConfigMaps: RuleWithOperations = {
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  apiGroups: [''],
  apiVersions: ['v1'],
  resources: ['configmaps'],
}

function webhook(path: string, given: Partial<MutatingWebhook> = {}): MutatingWebhook & ValidatingWebhook {
  return {
    name: `${path.slice(1)}.example.com`,
    clientConfig: {
      url: `https://127.0.0.1:${port}${path}`,
      caBundle: Buffer.from(authority.pair.certificate).toString('base64'),
    },
    rules: [onConfigMaps],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
    ...given,
  }
}

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

const allow: Respond = ({ request: { uid } }) => ({ response: { uid, allowed: true } })

function patch(...operations: object[]): Respond {
  const text = Buffer.from(JSON.stringify(operations)).toString('base64')
  return ({ request: { uid } }) => ({ response: { uid, allowed: true, patchType: 'JSONPatch', patch: text } })
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
      responders.set('/v', respond)
      const error = await withWebhooks('validating', [webhook('/v', given)], () => createConfigMap({}, { dryRun }))
      const expected = Object.keys(refusal).length === 0 ? undefined : refusal
      const told = error && Object.fromEntries(Object.keys(refusal).map((key) => [key, error.status[key as 'code']]))
      assert.deepEqual(told, expected)
    })
  }

  test('what is sent names the request in full', async () => {
    responders.set('/v', allow)
    reviews.length = 0
    const created: { name?: string } = {}
    await withWebhooks('validating', [webhook('/v')], async () => {
      created.name = (await createConfigMap({ a: 'b' })).metadata.name
    })
    const { uid, object, userInfo, ...request } = reviews[0]!.request
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
    responders.set('/v', () => ({ status: 500 }))
    const hooks = [webhook('/v', { failurePolicy: 'Ignore' })]
    assert.equal(await withWebhooks('validating', hooks, () => createConfigMap()), undefined)
  })

  test('a rule for one version is for all, and sees that version', async () => {
    responders.set('/v', allow)
    const rule = { ...onConfigMaps, apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'] }
    const spec = { maxReplicas: 2, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } }
    const created = () =>
      cluster.client.of(horizontalPodAutoscalers).create({ metadata: { name: `h${made++}`, namespace: 'shop' }, spec })
    reviews.length = 0
    await withWebhooks('validating', [webhook('/v', { rules: [rule] })], created)
    assert.equal(reviews[0]?.request.object.apiVersion, 'autoscaling/v1')
    assert.deepEqual(reviews[0].request.requestKind, {
      group: 'autoscaling',
      version: 'v2',
      kind: 'HorizontalPodAutoscaler',
    })
    reviews.length = 0
    await withWebhooks('validating', [webhook('/v', { rules: [rule], matchPolicy: 'Exact' })], created)
    assert.equal(reviews.length, 0)
  })

  test('an authority that did not sign the certificate is not trusted', async () => {
    const other = await CertificateAuthority.create('other', systemClock)
    const caBundle = Buffer.from(other.pair.certificate).toString('base64')
    const clientConfig = { ...webhook('/v').clientConfig, caBundle }
    const error = await withWebhooks('validating', [webhook('/v', { clientConfig })], () => createConfigMap())
    assert.equal(
      error?.message,
      `Internal error occurred: failed calling webhook "v.example.com": failed to call webhook: ` +
        `Post "https://127.0.0.1:${port}/v?timeout=10s": ` +
        'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    )
  })
})

describe('MutatingAdmissionWebhook', () => {
  test('webhooks see what those before them have made of an object', async () => {
    responders.set('/a', patch({ op: 'add', path: '/data', value: { seen: 'a' } }))
    responders.set('/b', ({ request: { uid, object } }) => {
      const value = `${object.data?.seen}b`
      const text = Buffer.from(JSON.stringify([{ op: 'replace', path: '/data/seen', value }])).toString('base64')
      return { response: { uid, allowed: true, patchType: 'JSONPatch', patch: text } }
    })
    let data: unknown
    await withWebhooks('mutating', [webhook('/a'), webhook('/b')], async () => {
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
    responders.set('/a', count('a', allow))
    responders.set('/b', count('b', patch({ op: 'add', path: '/data/b', value: 'b' })))
    await withWebhooks('mutating', [webhook('/a', { reinvocationPolicy: 'IfNeeded' }), webhook('/b')], () =>
      createConfigMap({ x: 'y' }),
    )
    assert.deepEqual(asked, ['a', 'b', 'a'])
  })

  test('a deletion cannot be patched', async () => {
    const { metadata } = await createConfigMap()
    responders.set('/a', patch({ op: 'add', path: '/data', value: {} }))
    const error = await withWebhooks('mutating', [webhook('/a')], () =>
      cluster.client.of(configMaps).delete(metadata.name, { namespace: 'shop' }),
    )
    assert.equal(
      error?.message,
      'Internal error occurred: admission webhook "a.example.com" attempted to modify the object, ' +
        'which is not supported for this operation',
    )
  })

  test('the warnings of a webhook are the answer’s', async () => {
    responders.set('/a', ({ request: { uid } }) => ({ response: { uid, allowed: true, warnings: ['careful'] } }))
    let warnings: readonly string[] | undefined
    await withWebhooks('mutating', [webhook('/a')], async () => {
      const body = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: `c${made++}` } }
      const path = '/api/v1/namespaces/shop/configmaps'
      warnings = (await cluster.client.transport.request({ method: 'POST', path, body })).warnings
    })
    assert.deepEqual(warnings, ['careful'])
  })
})
