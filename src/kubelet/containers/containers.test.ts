import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../api/types/core/v1.ts'
import { resourceFieldValue } from './amounts.ts'
import { parseResolvConf, podDns } from './dns.ts'
import { containerEnvironment, type ReferencedObjects } from './environment.ts'
import { expand } from './expansion.ts'
import { fieldValue } from './field-ref.ts'
import { hostnameAndDomain, hostsFile } from './hosts-file.ts'
import { cpuQuotaUs, cpuShares, oomScoreAdj, podLimits } from './resources.ts'
import { runAsNonRootFault } from './security.ts'
import { serviceEnvironment } from './service-environment.ts'

const expansions = [
  { text: '$(A) $$(A) $(B)', want: '1 $(A) $(B)' },
  { text: '$A $', want: '$A $' },
  { text: '$$$(A)', want: '$1' },
  { text: '$(A', want: '$(A' },
]
for (const { text, want } of expansions) {
  test(`expansion of ${text}`, () =>
    assert.equal(
      expand(text, (name) => ({ A: '1' })[name]),
      want,
    ))
}

const pod: Pod = {
  metadata: { name: 'web-1', namespace: 'shop', uid: 'u', labels: { b: '2', a: '1"' }, annotations: { 'x/y': 'z' } },
  spec: { nodeName: 'n', serviceAccountName: 'sa', containers: [{ name: 'c' }] },
}
const addresses = { podIps: ['10.0.0.1', 'fd00::1'], hostIps: ['192.0.2.1'] }
const fields = [
  ['metadata.name', 'web-1'],
  ["metadata.labels['b']", '2'],
  ["metadata.annotations['x/y']", 'z'],
  ['metadata.labels', 'a="1\\""\nb="2"'],
  ['spec.nodeName', 'n'],
  ['status.podIPs', '10.0.0.1,fd00::1'],
  ['status.hostIP', '192.0.2.1'],
]
for (const [fieldPath, want] of fields) {
  test(`field ${fieldPath}`, () => assert.equal(fieldValue(pod, { fieldPath: fieldPath! }, addresses), want))
}

const nothing: ReferencedObjects = { configMap: async () => undefined, secret: async () => undefined }

test('a missing key is named with its ConfigMap', async () => {
  const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } }]
  const objects = { ...nothing, configMap: async () => ({ data: { other: '1' } }) }
  const view = { pod, container: { name: 'c', env }, objects, services: [], addresses, allocatable: {} }
  await assert.rejects(containerEnvironment(view), { message: "couldn't find key k in ConfigMap shop/m" })
})

test('an optional source that is missing sets nothing', async () => {
  const env = [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: true } } }]
  const view = { pod, container: { name: 'c', env }, objects: nothing, services: [], addresses, allocatable: {} }
  assert.deepEqual([...(await containerEnvironment(view))], [])
})

test('a service is told in the form of container links', () => {
  const service = {
    metadata: { name: 'my-db' },
    spec: { clusterIP: '10.96.0.5', ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] },
  }
  assert.deepEqual(Object.fromEntries(serviceEnvironment([service])), {
    MY_DB_SERVICE_HOST: '10.96.0.5',
    MY_DB_SERVICE_PORT: '5432',
    MY_DB_SERVICE_PORT_SQL: '5432',
    MY_DB_PORT: 'tcp://10.96.0.5:5432',
    MY_DB_PORT_5432_TCP: 'tcp://10.96.0.5:5432',
    MY_DB_PORT_5432_TCP_PROTO: 'tcp',
    MY_DB_PORT_5432_TCP_PORT: '5432',
    MY_DB_PORT_5432_TCP_ADDR: '10.96.0.5',
  })
})

const amounts = [
  { title: 'CPU rounds up to whole cores', resource: 'limits.cpu', divisor: '0', want: '1' },
  { title: 'CPU in thousandths', resource: 'limits.cpu', divisor: '1m', want: '250' },
  { title: 'memory in Mi', resource: 'requests.memory', divisor: '1Mi', want: '64' },
  { title: 'a limit that is not set is the node', resource: 'limits.memory', divisor: '1', want: '1024' },
]
for (const { title, resource, divisor, want } of amounts) {
  test(`resource field: ${title}`, () => {
    const container = { name: 'c', resources: { limits: { cpu: '250m' }, requests: { memory: '64Mi' } } }
    const selector = { resource, divisor }
    assert.equal(resourceFieldValue({ pod, selector, container, allocatable: { memory: '1Ki' } }), want)
  })
}

const node = { servers: ['192.0.2.53'], searches: ['example.org'], options: ['timeout:1'] }
const resolvers = [
  {
    title: 'ClusterFirst asks the cluster',
    spec: {},
    want: {
      servers: ['10.96.0.10'],
      searches: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.org'],
      options: ['ndots:5'],
    },
  },
  { title: 'ClusterFirst in the network of the node asks as the node', spec: { hostNetwork: true }, want: node },
  { title: 'Default asks as the node', spec: { dnsPolicy: 'Default' }, want: node },
  {
    title: 'None takes only what the pod says',
    spec: {
      dnsPolicy: 'None',
      dnsConfig: {
        nameservers: ['1.1.1.1'],
        searches: ['a'],
        options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
      },
    },
    want: { servers: ['1.1.1.1'], searches: ['a'], options: ['ndots:2', 'edns0'] },
  },
]
for (const { title, spec, want } of resolvers) {
  test(`DNS policy ${title}`, () => {
    const subject = { ...pod, spec: { containers: [], ...spec } }
    assert.deepEqual(podDns({ pod: subject, clusterDns: ['10.96.0.10'], clusterDomain: 'cluster.local', node }), want)
  })
}

test('the last search line of resolv.conf counts', () => {
  const text = '# x\nnameserver 1.1.1.1\nsearch a b\noptions ndots:1 edns0\nsearch c .\n'
  assert.deepEqual(parseResolvConf(text), { servers: ['1.1.1.1'], searches: ['c'], options: ['ndots:1', 'edns0'] })
})

test('the hosts file names the pod and its aliases', () => {
  const text = hostsFile({
    podIps: ['10.0.0.1'],
    hostname: 'web',
    hostDomain: 'sub.shop.svc.cluster.local',
    hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }],
  })
  assert.ok(text.startsWith('# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n'))
  assert.ok(
    text.endsWith('10.0.0.1\tweb.sub.shop.svc.cluster.local\tweb\n\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n'),
  )
})

test('a hostname is cut to 63 characters and does not end in a dash', () => {
  const name = `${'a'.repeat(62)}-${'b'.repeat(10)}`
  const cut = hostnameAndDomain({ name, namespace: 'd', hostname: undefined, subdomain: undefined, clusterDomain: 'c' })
  assert.deepEqual(cut, { hostname: 'a'.repeat(62), hostDomain: '' })
})

test('CPU in the kernel’s units', () => {
  assert.deepEqual([0, 1, 250, 2000, 1e9].map(cpuShares), [2, 2, 256, 2048, 262_144])
  assert.deepEqual([0, 5, 250, 2000].map(cpuQuotaUs), [0, 1000, 25_000, 200_000])
})

const resources = (requests: Record<string, string>, limits: Record<string, string> = {}) => ({
  name: 'c',
  resources: { requests, limits },
})
const scores = [
  { title: 'BestEffort goes first', container: resources({}), want: 1000 },
  {
    title: 'Guaranteed goes last',
    container: resources({ cpu: '1', memory: '1Gi' }, { cpu: '1', memory: '1Gi' }),
    want: -997,
  },
  { title: 'Burstable by its share of the memory', container: resources({ memory: '1Gi' }), want: 750 },
  { title: 'Burstable with almost nothing stays below BestEffort', container: resources({ memory: '1' }), want: 999 },
]
for (const { title, container, want } of scores) {
  test(`out of memory, ${title}`, () => {
    const subject = { spec: { containers: [container] } }
    assert.equal(oomScoreAdj({ pod: subject, container, nodeMemoryBytes: 4 * 2 ** 30 }), want)
  })
}

test('a pod is limited only where each of its containers is', () => {
  const limited = resources({ cpu: '100m' }, { cpu: '200m', memory: '1Mi' })
  const open = { name: 'd', resources: { requests: { cpu: '100m' }, limits: { cpu: '300m' } } }
  assert.deepEqual(podLimits({ spec: { containers: [limited, open] } }), {
    cpuShares: 204,
    cpuQuotaUs: 50_000,
    memoryBytes: undefined,
  })
})

const users = [
  {
    title: 'an image of root is refused',
    context: { runAsNonRoot: true },
    image: { uid: 0, username: '' },
    want: /image will run as root/,
  },
  {
    title: 'a named user cannot be judged',
    context: { runAsNonRoot: true },
    image: { uid: undefined, username: 'web' },
    want: /non-numeric user \(web\)/,
  },
  {
    title: 'root by the spec is refused',
    context: { runAsNonRoot: true, runAsUser: 0 },
    image: { uid: 1, username: '' },
    want: /breaks non-root policy/,
  },
  {
    title: 'another user is fine',
    context: { runAsNonRoot: true, runAsUser: 7 },
    image: { uid: 0, username: '' },
    want: undefined,
  },
  { title: 'nothing is asked', context: {}, image: { uid: 0, username: '' }, want: undefined },
]
for (const { title, context, image, want } of users) {
  test(`runAsNonRoot: ${title}`, () => {
    const fault = runAsNonRootFault(pod, { name: 'c', securityContext: context }, image)
    if (want) assert.match(fault ?? '', want)
    else assert.equal(fault, undefined)
  })
}
