import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import type { TokenRequest, TokenReview } from '../../src/api/types/authentication/v1.ts'
import type { SubjectAccessReview } from '../../src/api/types/authorization/v1.ts'
import type { CertificateSigningRequest } from '../../src/api/types/certificates/v1.ts'
import type { ConfigMap, ServiceAccount } from '../../src/api/types/core/v1.ts'
import { certificateSigningRequests, configMaps, nodes, pods, serviceAccounts } from '../../src/api/types/resources.ts'
import { CertificateAuthority } from '../../src/cluster/certificates.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { until } from '../support/processes.ts'
import { requestOnce } from '../support/raw-https.ts'
import { conformanceCluster, exists, idlePod, Watched } from './api.ts'
import { assertApiOperations } from './api-operations.ts'
import { signingRequest } from './signing-request.ts'

const api = conformanceCluster({ simulateNodes: 2 })

const accounts = () => api().client.of(serviceAccounts)

const clone = <T>(object: unknown): T => structuredClone(object) as T

test('[sig-architecture] Conformance Tests should have at least two untainted nodes [Conformance]', async () => {
  const untainted = async () => {
    const { items } = await api().client.of(nodes).list()
    return items.filter(({ spec }) => !spec?.unschedulable && (spec?.taints ?? []).length === 0).length >= 2
  }
  await until('two nodes are without taints', untainted)
})

test('[sig-auth] Certificates API [Privileged:ClusterAdmin] should support CSR API operations [Conformance]', async () => {
  const request = await signingRequest('e2e-conformance')
  const signerName = `example.com/${api().name('signer')}`
  const object = (name: string): CertificateSigningRequest => ({
    metadata: { name },
    spec: {
      request,
      signerName,
      expirationSeconds: 3_600,
      usages: ['digital signature', 'key encipherment', 'server auth'],
    },
  })
  const client = api().client.of(certificateSigningRequests)
  await assertApiOperations(api(), {
    resource: certificateSigningRequests,
    object,
    subresources: ['approval', 'status'],
  })
  const name = api().name('csr')
  await client.create(object(name))
  assert.equal((await client.list({ fieldSelector: `spec.signerName=${signerName}` })).items.length, 1)
  assert.equal((await client.get(name, { subresource: 'approval' })).metadata.name, name)
  const patch = { type: 'ApprovalPatch', status: 'True', reason: 'E2E', message: '' }
  const patched = await client.patch(
    name,
    { status: { conditions: [patch] } },
    { type: 'merge', subresource: 'approval' },
  )
  assert.deepEqual(
    patched.status?.conditions?.map(({ type }) => type),
    ['ApprovalPatch'],
  )
  const approval = clone<CertificateSigningRequest>(patched)
  approval.status!.conditions!.push({ type: 'Approved', status: 'True', reason: 'E2E', message: '' })
  const approved = await client.updateSubresource<CertificateSigningRequest>(name, 'approval', approval)
  assert.deepEqual(
    approved.status?.conditions?.map(({ type }) => type),
    ['ApprovalPatch', 'Approved'],
  )
  const { pair } = await CertificateAuthority.create('e2e', systemClock)
  const certificate = Buffer.from(pair.certificate).toString('base64')
  assert.equal((await client.get(name, { subresource: 'status' })).metadata.name, name)
  const signed = await client.patch(name, { status: { certificate } }, { type: 'merge', subresource: 'status' })
  assert.equal(signed.status?.certificate, certificate)
  const status = clone<CertificateSigningRequest>(signed)
  status.status!.conditions!.push({ type: 'StatusUpdate', status: 'True', reason: 'E2E', message: '' })
  const updated = await client.updateStatus(status)
  assert.deepEqual(
    updated.status?.conditions?.map(({ type }) => type),
    ['ApprovalPatch', 'Approved', 'StatusUpdate'],
  )
})

test('[sig-auth] SubjectReview should support SubjectReview API operations [Conformance]', async () => {
  const namespace = await api().namespace()
  const { metadata } = await accounts().create({ metadata: { name: 'reviewed', namespace } })
  const user = `system:serviceaccount:${namespace}:reviewed`
  const groups = ['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${namespace}`]
  const identity = { name: user, uid: metadata.uid, groups, extra: {} }
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const { status } = await api().cluster.clientFor(identity).transport.request({ method: 'GET', path })
  const spec = {
    user,
    groups,
    uid: metadata.uid,
    resourceAttributes: { verb: 'list', resource: 'configmaps', version: 'v1', namespace },
  }
  const root = '/apis/authorization.k8s.io/v1'
  for (const reviews of ['subjectaccessreviews', `namespaces/${namespace}/localsubjectaccessreviews`]) {
    const answer = await api().send({ method: 'POST', path: `${root}/${reviews}`, body: { metadata: {}, spec } })
    assert.equal(answer.status, 201)
    assert.equal((answer.body as SubjectAccessReview).status?.allowed, status === 200)
  }
})

test('[sig-auth] ServiceAccounts should allow opting out of API token automount [Conformance]', async () => {
  const namespace = await api().namespace()
  await accounts().create({ metadata: { name: 'mount', namespace }, automountServiceAccountToken: true })
  await accounts().create({ metadata: { name: 'nomount', namespace }, automountServiceAccountToken: false })
  const rows: [account: string, pod: boolean | undefined, mounted: boolean][] = [
    ['default', undefined, true],
    ['mount', undefined, true],
    ['nomount', undefined, false],
    ['default', true, true],
    ['mount', true, true],
    ['nomount', true, true],
    ['default', false, false],
    ['mount', false, false],
    ['nomount', false, false],
  ]
  for (const [serviceAccountName, automount, mounted] of rows) {
    const containers = [{ name: 'main', image: 'registry.example/pause:1' }]
    const choice = automount === undefined ? {} : { automountServiceAccountToken: automount }
    const pod = idlePod(api().name('pod'), namespace, { spec: { containers, serviceAccountName, ...choice } })
    const created = await api().client.of(pods).create(pod)
    const mounts = created.spec?.containers[0]?.volumeMounts ?? []
    const hasToken = mounts.some(({ mountPath }) => mountPath === '/var/run/secrets/kubernetes.io/serviceaccount')
    assert.equal(hasToken, mounted, `${serviceAccountName}, Pod says ${automount}`)
  }
})

/** A token of the account, as a client asks for it. */
async function requestToken(namespace: string, name: string): Promise<string> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3_600 } }
  const { status } = await accounts().createSubresource<TokenRequest>(name, 'token', body, { namespace })
  assert.ok(status?.token)
  return status.token
}

test('[sig-auth] ServiceAccounts should create a serviceAccountToken and ensure a successful TokenReview [Conformance]', async () => {
  const namespace = await api().namespace()
  const { metadata } = await accounts().create({ metadata: { name: 'reviewed', namespace } })
  const token = await requestToken(namespace, 'reviewed')
  const path = '/apis/authentication.k8s.io/v1/tokenreviews'
  const review = async () => {
    const { body } = await api().send({ method: 'POST', path, body: { spec: { token } } })
    return (body as TokenReview).status
  }
  const status = await review()
  assert.equal(status?.authenticated, true)
  assert.equal(status?.error, undefined)
  assert.equal(status?.user?.username, `system:serviceaccount:${namespace}:reviewed`)
  assert.equal(status?.user?.uid, metadata.uid)
  await accounts().delete('reviewed', { namespace })
  await until('the token is worth nothing any more', async () => (await review())?.authenticated !== true)
})

test('[sig-auth] ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery of service account issuer [Conformance]', async () => {
  const namespace = await api().namespace()
  const token = await requestToken(namespace, 'default')
  // As a Pod reads them, with nothing but its own token.
  const read = async (path: string) => {
    const { status, text } = await requestOnce(api().cluster.url, {
      path,
      headers: { authorization: `Bearer ${token}` },
    })
    assert.equal(status, 200, text)
    return JSON.parse(text) as Record<string, unknown>
  }
  const { issuer, jwks_uri } = await read('/.well-known/openid-configuration')
  const keys = createLocalJWKSet((await read(new URL(String(jwks_uri)).pathname)) as unknown as JSONWebKeySet)
  const { payload } = await jwtVerify(token, keys, { issuer: String(issuer) })
  assert.equal(payload.sub, `system:serviceaccount:${namespace}:default`)
})

test('[sig-auth] ServiceAccounts should run through the lifecycle of a ServiceAccount [Conformance]', async () => {
  const namespace = await api().namespace()
  const labels = { run: namespace }
  const { metadata } = await accounts().list({ namespace })
  const watched = await Watched.open(api().client, serviceAccounts, {
    namespace,
    labelSelector: `run=${namespace}`,
    resourceVersion: metadata.resourceVersion!,
  })
  await accounts().create({ metadata: { name: 'cycle', namespace, labels } })
  assert.equal((await watched.next('ADDED')).metadata.name, 'cycle')
  await accounts().patch('cycle', { automountServiceAccountToken: false }, { namespace, type: 'strategic' })
  assert.equal((await watched.next('MODIFIED')).automountServiceAccountToken, false)
  const { items } = await accounts().list({ labelSelector: `run=${namespace}` })
  assert.equal(items.length, 1)
  await accounts().deleteCollection({ namespace, labelSelector: `run=${namespace}` })
  await watched.next('DELETED')
  watched.stop()
  assert.equal(await exists(accounts().get('cycle', { namespace })), false)
})

test('[sig-auth] ServiceAccounts should update a ServiceAccount [Conformance]', async () => {
  const namespace = await api().namespace()
  await accounts().create({ metadata: { name: 'updated', namespace }, automountServiceAccountToken: false })
  const account = clone<ServiceAccount>(await accounts().get('updated', { namespace }))
  account.automountServiceAccountToken = true
  assert.equal((await accounts().update(account)).automountServiceAccountToken, true)
})

test('[sig-auth] ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace [Conformance]', async () => {
  const namespace = await api().namespace()
  const name = 'kube-root-ca.crt'
  const maps = api().client.of(configMaps)
  const rootCertificate = async () =>
    (await exists(maps.get(name, { namespace }))) && (await maps.get(name, { namespace })).data?.['ca.crt']
  const certificate = await until('the certificate is there', rootCertificate)
  assert.match(certificate, /^-----BEGIN CERTIFICATE-----/)
  await maps.delete(name, { namespace })
  await until('it is there again', rootCertificate)
  const changed = clone<ConfigMap>(await maps.get(name, { namespace }))
  changed.data = { 'ca.crt': '' }
  await maps.update(changed)
  await until('it is as it was', async () => (await rootCertificate()) === certificate)
})
