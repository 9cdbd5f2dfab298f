import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { stringify } from 'yaml'
import type { SelfSubjectReview } from '../../src/api/types/authentication/v1.ts'
import { configMaps } from '../../src/api/types/resources.ts'
import { CertificateAuthority } from '../../src/cluster/certificates.ts'
import { Cluster } from '../../src/cluster/embedded.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { type RawRequest, requestOnce } from '../support/raw-https.ts'
import { type Review, type ReviewServer, startReviewServer } from '../support/review-server.ts'
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts'

const whoAmI = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
const configMapsPath = '/api/v1/namespaces/default/configmaps'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubets-who-may-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

function written(name: string, content: string | object): string {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : stringify(content))
  return path
}

/** Who the server takes a request for. */
async function identityOf(cluster: Cluster, request: Omit<RawRequest, 'path'>) {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const { status, text } = await requestOnce(cluster.url, { ...request, path: whoAmI, method: 'POST', body })
  assert.equal(status, 201, text)
  return (JSON.parse(text) as SelfSubjectReview).status?.userInfo
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const signal = AbortSignal.timeout(10_000)
  while (!(await holds())) {
    signal.throwIfAborted()
    await systemClock.sleep(20, signal)
  }
}

describe('webhooks say who asks and what they may do', () => {
  let tokens: ReviewServer
  let access: ReviewServer
  let cluster: Cluster

  before(async () => {
    tokens = await startReviewServer(folder, ({ spec }) => {
      if (spec.token !== 'good') return { authenticated: false }
      return { authenticated: true, user: { username: 'jane', uid: '7', groups: ['devs'], extra: { team: ['a'] } } }
    })
    access = await startReviewServer(folder, ({ spec }) => decide(spec as unknown as AccessSpec))
    cluster = await Cluster.start({
      components: ['apiserver'],
      authenticationTokenWebhookConfigFile: tokens.kubeconfigPath,
      authorizationMode: ['RBAC', 'Webhook'],
      authorizationWebhookConfigFile: access.kubeconfigPath,
      authorizationWebhookVersion: 'v1',
    })
  })

  after(async () => {
    await cluster?.stop()
    await access?.stop()
    await tokens?.stop()
  })

  interface AccessSpec {
    readonly resourceAttributes?: { readonly resource?: string; readonly verb?: string }
  }

  function decide({ resourceAttributes: { resource, verb } = {} }: AccessSpec): object {
    if (resource === 'secrets') return { allowed: false, denied: true, reason: 'never secrets' }
    return verb === 'list' ? { allowed: true, reason: 'lists are harmless' } : { allowed: false, reason: 'only lists' }
  }

  const asJane = (path: string) => requestOnce(cluster.url, { path, headers: { authorization: 'Bearer good' } })

  test('a token the webhook knows is its user', async () => {
    assert.deepEqual(await identityOf(cluster, { headers: { authorization: 'Bearer good' } }), {
      username: 'jane',
      uid: '7',
      groups: ['devs', 'system:authenticated'],
      extra: { team: ['a'] },
    })
    assert.deepEqual(tokens.seen[0], {
      kind: 'TokenReview',
      apiVersion: 'authentication.k8s.io/v1beta1',
      metadata: {},
      spec: { token: 'good', audiences: ['https://kubernetes.default.svc.cluster.local'] },
      status: { user: {} },
    } as unknown as Review)
  })

  test('one it does not know is refused, and asked about once', async () => {
    const headers = { authorization: 'Bearer bad' }
    assert.equal((await requestOnce(cluster.url, { path: '/api', headers })).status, 401)
    assert.equal((await requestOnce(cluster.url, { path: '/api', headers })).status, 401)
    assert.equal(tokens.seen.filter(({ spec }) => spec.token === 'bad').length, 1)
  })

  test('what it allows is done, and it is told what is asked', async () => {
    const path = `${configMapsPath}?fieldSelector=metadata.name%3Da&labelSelector=app%20in%20(x,y),!old`
    assert.equal((await asJane(path)).status, 200)
    assert.deepEqual(access.seen.at(-1)?.spec, {
      resourceAttributes: {
        namespace: 'default',
        verb: 'list',
        version: 'v1',
        resource: 'configmaps',
        fieldSelector: { requirements: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] },
        labelSelector: {
          requirements: [
            { key: 'app', operator: 'In', values: ['x', 'y'] },
            { key: 'old', operator: 'DoesNotExist' },
          ],
        },
        name: 'a',
      },
      user: 'jane',
      groups: ['devs', 'system:authenticated'],
      extra: { team: ['a'] },
      uid: '7',
    })
  })

  test('what it does not allow is refused with its reason', async () => {
    const { status, text } = await asJane(`${configMapsPath}/a`)
    assert.equal(status, 403)
    assert.match(text, /configmaps \\"a\\" is forbidden: User \\"jane\\" cannot get resource .*: only lists/)
  })

  test('an answer is remembered', async () => {
    await asJane(`${configMapsPath}/b`)
    const before = access.seen.length
    await asJane(`${configMapsPath}/b`)
    assert.equal(access.seen.length, before)
  })

  test('what it denies, a review calls denied', async () => {
    const kind = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview' }
    const spec = { user: 'joe', resourceAttributes: { verb: 'list', resource: 'secrets' } }
    const resource = { group: 'authorization.k8s.io', version: 'v1', plural: 'subjectaccessreviews', namespaced: false }
    const ref = { ...resource, kind: 'SubjectAccessReview' }
    const review = await cluster.client.of(ref).create({ ...kind, spec } as never)
    const want = { allowed: false, denied: true, reason: 'never secrets' }
    assert.deepEqual((review as { readonly status?: unknown }).status, want)
  })
})

describe('a proxy in front', () => {
  let authority: CertificateAuthority
  let cluster: Cluster
  let proxy: { readonly certificate: string; readonly key: string }

  before(async () => {
    authority = await CertificateAuthority.create('proxies', systemClock)
    proxy = await authority.issue({ commonName: 'gate', usage: 'client' })
    cluster = await Cluster.start({
      components: ['apiserver'],
      requestheaderClientCaFile: written('proxies.pem', authority.pair.certificate),
      requestheaderAllowedNames: ['gate'],
      requestheaderUsernameHeaders: ['X-Remote-User'],
    })
  })
  after(() => cluster?.stop())

  const headers = {
    'x-remote-user': 'jane',
    'x-remote-group': ['a, b', 'c'],
    'x-remote-extra-acme.com%2fproject': 'p',
  }

  test('speaks for whom its headers name', async () => {
    assert.deepEqual(await identityOf(cluster, { certificate: proxy, headers }), {
      username: 'jane',
      groups: ['a, b', 'c', 'system:authenticated'],
      extra: { 'acme.com/project': ['p'] },
    })
  })

  test('speaks so over HTTP/2 as well', async () => {
    const { certificate: cert, key } = proxy
    const session = connect(cluster.url, { cert, key, rejectUnauthorized: false })
    try {
      const request = session.request({
        ':method': 'POST',
        ':path': whoAmI,
        'content-type': 'application/json',
        ...headers,
      })
      request.end(JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }))
      const { status } = (await json(request)) as SelfSubjectReview
      assert.deepEqual(status?.userInfo?.groups, ['a, b', 'c', 'system:authenticated'])
    } finally {
      session.close()
    }
  })

  test('is nobody by its own certificate', async () => {
    assert.equal((await requestOnce(cluster.url, { path: '/api', certificate: proxy })).status, 401)
  })

  test('of another name is not believed', async () => {
    const certificate = await authority.issue({ commonName: 'stranger', usage: 'client' })
    assert.equal((await requestOnce(cluster.url, { path: '/api', certificate, headers })).status, 401)
  })

  test('without a certificate is not believed', async () => {
    assert.equal((await identityOf(cluster, { headers: {} }).catch(() => undefined))?.username, undefined)
    const { status, text } = await requestOnce(cluster.url, { path: configMapsPath, headers })
    assert.equal(status, 403)
    assert.match(text, /system:anonymous/)
  })

  test('is told of to aggregated servers as well', async () => {
    const { data = {} } = await cluster.client
      .of(configMaps)
      .get('extension-apiserver-authentication', { namespace: 'kube-system' })
    assert.equal(data['requestheader-allowed-names'], '["front-proxy-client","gate"]')
    assert.equal(data['requestheader-username-headers'], '["X-Remote-User"]')
    assert.ok(data['requestheader-client-ca-file']?.includes(authority.pair.certificate.trim()))
  })
})

test('a client of another authority is who its certificate says', async () => {
  const authority = await CertificateAuthority.create('partners', systemClock)
  const certificate = await authority.issue({ commonName: 'pat', organizations: ['partners'], usage: 'client' })
  const clientCaFile = written('partners.pem', authority.pair.certificate)
  await using cluster = await Cluster.start({ components: ['apiserver'], clientCaFile })
  const found = await identityOf(cluster, { certificate })
  assert.deepEqual([found?.username, found?.groups], ['pat', ['partners', 'system:authenticated']])
})

test('what is impersonated is taken as it is written, commas and all', async () => {
  const tokenAuthFile = written('root.csv', 'top,root,1,"system:masters"\n')
  await using cluster = await Cluster.start({ components: ['apiserver'], tokenAuthFile })
  const found = await identityOf(cluster, {
    headers: {
      authorization: 'Bearer top',
      'impersonate-user': 'jane',
      'impersonate-group': ['cn=a,ou=b', 'c'],
      'impersonate-extra-scopes': 'view, edit',
    },
  })
  assert.deepEqual(found?.groups, ['cn=a,ou=b', 'c', 'system:authenticated'])
  assert.deepEqual(found?.extra, { scopes: ['view, edit'] })
})

test('a review has no columns', async () => {
  const tokenAuthFile = written('joe.csv', 'low,joe,2\n')
  await using cluster = await Cluster.start({ components: ['apiserver'], tokenAuthFile })
  const { status, text } = await requestOnce(cluster.url, {
    method: 'POST',
    path: whoAmI,
    headers: { authorization: 'Bearer low', accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  })
  assert.equal(status, 406, text)
})

describe('configuration files', () => {
  let issuer: TokenIssuer
  let access: ReviewServer
  let cluster: Cluster
  let authentication: string
  let authorization: string

  before(async () => {
    issuer = await startTokenIssuer()
    access = await startReviewServer(folder, () => ({ allowed: false, denied: true, reason: 'frozen' }))
    authentication = written('authentication.yaml', authenticationFile('one:'))
    authorization = written('authorization.yaml', authorizationFile([]))
    cluster = await Cluster.start({
      components: ['apiserver'],
      authenticationConfig: authentication,
      authorizationConfig: authorization,
    })
  })

  after(async () => {
    await cluster?.stop()
    await access?.stop()
    await issuer?.stop()
  })

  function authenticationFile(prefix: string): object {
    const { url, certificateAuthority } = issuer
    return {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AuthenticationConfiguration',
      anonymous: { enabled: true, conditions: [{ path: '/livez' }] },
      jwt: [
        {
          issuer: { url, certificateAuthority, audiences: ['kubets'] },
          claimMappings: {
            username: { claim: 'sub', prefix },
            groups: { expression: 'dyn(claims.roles).map(role, "role:" + role)' },
          },
          userValidationRules: [{ expression: '!user.username.endsWith("root")', message: 'root stays outside' }],
        },
      ],
    }
  }

  function authorizationFile(matchConditions: readonly object[]): object {
    const webhook = {
      timeout: '3s',
      subjectAccessReviewVersion: 'v1',
      matchConditionSubjectAccessReviewVersion: 'v1',
      failurePolicy: 'Deny',
      connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: access.kubeconfigPath },
      matchConditions,
    }
    return {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AuthorizationConfiguration',
      authorizers: [
        { type: 'Webhook', name: 'freeze', webhook: { ...webhook, matchConditions: [frozen, ...matchConditions] } },
        { type: 'Node', name: 'node' },
        { type: 'RBAC', name: 'rbac' },
      ],
    }
  }

  const frozen = { expression: 'has(request.resourceAttributes) && request.resourceAttributes.namespace == "frozen"' }

  test('map the claims of tokens, and are followed', async () => {
    const headers = { authorization: `Bearer ${await issuer.sign({ sub: 'jane', roles: ['dev'] })}` }
    const found = await identityOf(cluster, { headers })
    assert.equal(found?.username, 'one:jane')
    assert.deepEqual(found?.groups, ['role:dev', 'system:authenticated'])
    written('authentication.yaml', authenticationFile('two:'))
    await until(async () => (await identityOf(cluster, { headers }))?.username === 'two:jane')
  })

  test('refuse users by rules', async () => {
    const headers = { authorization: `Bearer ${await issuer.sign({ sub: 'root', roles: [] })}` }
    assert.equal((await requestOnce(cluster.url, { path: '/api', headers })).status, 401)
  })

  test('let anonymous requests in where they say', async () => {
    assert.equal((await requestOnce(cluster.url, { path: '/livez' })).status, 200)
    assert.equal((await requestOnce(cluster.url, { path: '/readyz' })).status, 401)
  })

  test('ask a webhook where its conditions hold, and are followed', async () => {
    const ask = async (namespace: string) => {
      const headers = { authorization: `Bearer ${await issuer.sign({ sub: 'jane', roles: [] })}` }
      return requestOnce(cluster.url, { path: `/api/v1/namespaces/${namespace}/configmaps`, headers })
    }
    assert.match((await ask('frozen')).text, /frozen\\": frozen/)
    assert.doesNotMatch((await ask('default')).text, /frozen/)
    written('authorization.yaml', authorizationFile([{ expression: 'request.user == "nobody"' }]))
    await until(async () => !/: frozen/.test((await ask('frozen')).text))
  })
})
