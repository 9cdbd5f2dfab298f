import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { ServiceAccount } from '../../src/api/types/core/v1.ts'
import { configMaps, pods, serviceAccounts } from '../../src/api/types/resources.ts'
import { Cluster } from '../../src/cluster/embedded.ts'
import { requestOnce } from '../support/raw-https.ts'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubets-flags-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

const written = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('flags of the API server', () => {
  let cluster: Cluster
  const auditLog = () => join(folder, 'audit.log')
  before(async () => {
    const tokens = 'top,root,1,"system:masters"\nlow,joe,2\n'
    cluster = await Cluster.start({
      components: ['apiserver'],
      tokenAuthFile: written('tokens.csv', tokens),
      anonymousAuth: false,
      enableAdmissionPlugins: ['AlwaysPullImages'],
      disableAdmissionPlugins: ['ServiceAccount'],
      auditPolicyFile: written(
        'policy.yaml',
        'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n  resources: [{ resources: [configmaps] }]\n',
      ),
      auditLogPath: auditLog(),
      enablePriorityAndFairness: false,
      serviceAccountIssuer: ['https://new.example.com', 'https://old.example.com'],
      serviceAccountJwksUri: 'https://keys.example.com/jwks',
      serviceAccountMaxTokenExpiration: 1_200_000,
    })
  })
  after(() => cluster?.stop())

  const ask = (path: string, token?: string) =>
    requestOnce(cluster.url, { path, ...(token && { headers: { authorization: `Bearer ${token}` } }) })

  test('let tokens of a file in, and nobody else', async () => {
    assert.equal((await ask('/api', 'top')).status, 200)
    assert.equal((await ask('/api/v1/secrets', 'low')).status, 403)
    assert.equal((await ask('/livez')).status, 401)
  })

  test('turn admission plugins on and off', async () => {
    const spec = { containers: [{ name: 'a', image: 'a', imagePullPolicy: 'Never' }] }
    const pod = await cluster.client.of(pods).create({ metadata: { name: 'a', namespace: 'default' }, spec })
    assert.equal(pod.spec?.containers[0]?.imagePullPolicy, 'Always')
    assert.equal(pod.spec?.serviceAccountName, undefined)
  })

  test('note who did what', async () => {
    await ask('/api/v1/namespaces/default/configmaps/none', 'top')
    const lines = readFileSync(auditLog(), 'utf8').trim().split('\n')
    const events = lines.map((line) => JSON.parse(line) as { user: { username: string }; requestURI: string })
    assert.ok(events.every(({ requestURI }) => requestURI.includes('configmaps')))
    assert.ok(events.some(({ user }) => user.username === 'root'))
  })

  test('show in metrics who was let in, and what was allowed', async () => {
    await ask('/api')
    for (const path of ['/version', '/api/v1/secrets']) await ask(path, 'low')
    const { text } = await ask('/metrics', 'top')
    for (const series of [
      'authentication_attempts{result="success"}',
      'authentication_attempts{result="failure"}',
      'authenticated_user_requests{username="other"}',
      'authorization_attempts_total{result="no-opinion"}',
      'authorization_attempts_total{result="allowed"}',
      'apiserver_authorization_decisions_total{type="RBAC",name="rbac",decision="allowed"}',
    ]) {
      assert.match(text, new RegExp(`^${RegExp.escape(series)} [1-9]`, 'm'))
    }
  })

  test('turn priority and fairness off', async () => {
    const { headers } = await ask('/api', 'top')
    assert.equal(headers['x-kubernetes-pf-flowschema-uid'], undefined)
  })

  test('name the issuer of tokens, and how long they are good', async () => {
    const account: ServiceAccount = { metadata: { name: 'app', namespace: 'default' } }
    await cluster.client.of(serviceAccounts).create(account)
    const { status, headers, text } = await requestOnce(cluster.url, {
      method: 'POST',
      path: '/api/v1/namespaces/default/serviceaccounts/app/token',
      headers: { authorization: 'Bearer top' },
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
    })
    assert.equal(status, 201, text)
    assert.match(String(headers.warning), /requested expiration of 3600 seconds shortened to 1200 seconds/)
    const { token } = (JSON.parse(text) as { readonly status: { readonly token: string } }).status
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>
    assert.equal(claims.iss, 'https://new.example.com')
    assert.equal(Number(claims.exp) - Number(claims.iat), 1200)
    assert.deepEqual(claims.aud, ['https://new.example.com', 'https://old.example.com'])
    assert.equal((await ask('/api', token)).status, 200)
    const { text: discovery } = await ask('/.well-known/openid-configuration', 'top')
    assert.equal((JSON.parse(discovery) as { jwks_uri: string }).jwks_uri, 'https://keys.example.com/jwks')
  })
})

test('everything is allowed where nobody is asked, but to nobody in particular', async () => {
  await using cluster = await Cluster.start({
    components: ['apiserver'],
    authorizationMode: ['AlwaysAllow'],
    tokenAuthFile: written('one.csv', 'low,joe,2\n'),
  })
  assert.equal((await requestOnce(cluster.url, { path: '/api' })).status, 401)
  const joe = { headers: { authorization: 'Bearer low' } }
  assert.equal((await requestOnce(cluster.url, { ...joe, path: '/api/v1/secrets' })).status, 200)
})

test('a plugin that there is not is refused before anything is served', async () => {
  await assert.rejects(Cluster.start({ components: ['apiserver'], enableAdmissionPlugins: ['Nope'] }), {
    name: 'UsageError',
    exitCode: 2,
    message: /^there is no admission plugin Nope; there are AlwaysAdmit, /,
  })
})

test('without flags the own front proxy alone is told of', async () => {
  await using cluster = await Cluster.start({ components: ['apiserver'] })
  const { data = {} } = await cluster.client
    .of(configMaps)
    .get('extension-apiserver-authentication', { namespace: 'kube-system' })
  assert.equal(data['requestheader-allowed-names'], '["front-proxy-client"]')
  assert.equal(data['requestheader-uid-headers'], undefined)
})
