import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ClusterProcess, startClusterProcess } from '../support/cluster-process.ts'
import { busyboxImage } from '../support/images.ts'

/** What only a Pod that runs can tell. */

let cluster: ClusterProcess
const kubectl = (...args: string[]) => cluster.kubectl(...args)

before(async () => {
  cluster = await startClusterProcess({ images: [busyboxImage('docker.io/library/busybox:1')] })
})
after(() => cluster?.close())

const podOf = (name: string, container: string, spec: string) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 0
  restartPolicy: Never
  ${spec}
  containers:
  - name: test
    image: busybox:1
    ${container}
`

const read = (pod: string, path: string) => kubectl('exec', pod, '--', 'cat', path)

interface Reviewed {
  readonly authenticated?: boolean
  readonly error?: string
  readonly user?: { readonly username: string; readonly groups: string[]; readonly extra: Record<string, string[]> }
}

async function review(token: string): Promise<Reviewed> {
  const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } })
  const file = cluster.writeFile('review.json', body)
  return (JSON.parse(await kubectl('create', '-f', file, '-o', 'json')) as { status: Reviewed }).status
}

test('[sig-auth] ServiceAccounts should mount an API token into pods [Conformance]', async () => {
  await kubectl('create', 'serviceaccount', 'mount-test')
  await cluster.apply(podOf('mounted', 'command: [sleep, "100000"]', 'serviceAccountName: mount-test'))
  await kubectl('wait', '--for=condition=Ready', 'pod/mounted', '--timeout=60s')
  const folder = '/var/run/secrets/kubernetes.io/serviceaccount'
  const [token, authority, namespace] = await Promise.all([
    read('mounted', `${folder}/token`),
    read('mounted', `${folder}/ca.crt`),
    read('mounted', `${folder}/namespace`),
  ])
  const root = await kubectl('get', 'configmap', 'kube-root-ca.crt', '-o', 'jsonpath={.data.ca\\.crt}')
  assert.equal(authority, root)
  assert.equal(namespace, 'default')
  const { authenticated, error, user } = await review(token)
  assert.equal(authenticated, true)
  assert.equal(error, undefined)
  assert.equal(user?.username, 'system:serviceaccount:default:mount-test')
  const groups = ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated']
  assert.deepEqual(user?.groups, groups)
  const uid = await kubectl('get', 'pod', 'mounted', '-o', 'jsonpath={.metadata.uid}')
  const node = await kubectl('get', 'pod', 'mounted', '-o', 'jsonpath={.spec.nodeName}')
  const nodeUid = await kubectl('get', 'node', node, '-o', 'jsonpath={.metadata.uid}')
  const extra = (name: string) => user?.extra[`authentication.kubernetes.io/${name}`]
  assert.match(extra('credential-id')?.[0] ?? '', /^JTI=/)
  assert.deepEqual(['pod-name', 'pod-uid', 'node-name', 'node-uid'].map(extra), [['mounted'], [uid], [node], [nodeUid]])
})

test('[sig-auth] ServiceAccounts should mount projected service account token [Conformance]', async () => {
  const source = '{ serviceAccountToken: { path: token, expirationSeconds: 600 } }'
  const volumes = `volumes: [{ name: test-volume, projected: { sources: [${source}] } }]`
  const mounts = 'volumeMounts: [{ name: test-volume, mountPath: /test-volume }]'
  const command = `command: [sh, -c, 'stat -L -c %a /test-volume/token; cat /test-volume/token']`
  await cluster.apply(podOf('projected', `${command}\n    ${mounts}`, volumes))
  await kubectl('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/projected', '--timeout=60s')
  const [mode, token] = (await kubectl('logs', 'projected')).split('\n')
  assert.equal(mode, '644')
  assert.equal((await review(token!)).user?.username, 'system:serviceaccount:default:default')
})
