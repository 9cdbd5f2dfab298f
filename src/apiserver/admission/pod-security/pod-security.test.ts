import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { refusal, write } from '../../../../test/support/admission.ts'
import { FakeReader } from '../../../../test/support/fake-reader.ts'
import type { Pod, PodSpec } from '../../../api/types/core/v1.ts'
import { deployments, namespaces, pods } from '../../../api/types/resources.ts'
import { systemClock } from '../../../platform/clock.ts'
import type { AdmissionAttributes } from '../admission.ts'
import { createAdmissionMetrics } from '../admission-metrics.ts'
import { noConfiguration, type PodSecurityConfiguration, readPodSecurityConfiguration } from './configuration.ts'
import { podSecurity } from './pod-security.ts'

const prefix = 'pod-security.kubernetes.io/'
const labelled = (labels: Record<string, string>) =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [prefix + key, value]))

const hostPid: Partial<PodSpec> = { hostPID: true }
const pod = (spec: Partial<PodSpec> = {}, image = 'i'): Pod => {
  return { metadata: { name: 'a', namespace: 'shop' }, spec: { containers: [{ name: 'c', image }], ...spec } }
}
const template = (spec: Partial<PodSpec>) => {
  return { metadata: { name: 'a', namespace: 'shop' }, spec: { selector: {}, template: { spec: pod(spec).spec! } } }
}

interface Row {
  readonly title: string
  /** Of the namespace. */
  readonly labels: Record<string, string>
  readonly attributes: Partial<AdmissionAttributes> & { readonly ref?: typeof pods | typeof deployments }
  readonly refused?: string
  readonly warnings?: string[]
  readonly annotations: Record<string, string>
  /** What was counted, in the form decision mode policy. */
  readonly counted?: string[]
}

const forbids = 'host namespaces (hostPID=true)'
const rows: Row[] = [
  {
    title: 'allows everything where nothing is said',
    labels: {},
    attributes: { object: pod(hostPid) },
    annotations: { 'enforce-policy': 'privileged:latest' },
    counted: ['allow enforce privileged:latest'],
  },
  {
    title: 'refuses what breaks the policy, and does not warn of it too',
    labels: { enforce: 'baseline', 'enforce-version': 'v1.30', audit: 'baseline' },
    attributes: { object: pod(hostPid) },
    refused: `pods "a" is forbidden: violates PodSecurity "baseline:v1.30": ${forbids}`,
    annotations: {
      'enforce-policy': 'baseline:v1.30',
      'audit-violations': `would violate PodSecurity "baseline:latest": ${forbids}`,
    },
    counted: ['deny enforce baseline:v1.30', 'deny audit baseline:latest'],
  },
  {
    title: 'warns and notes where that is all',
    labels: { warn: 'baseline', audit: 'baseline', 'audit-version': 'v1.99' },
    attributes: { object: pod(hostPid) },
    warnings: [`would violate PodSecurity "baseline:latest": ${forbids}`],
    annotations: {
      'enforce-policy': 'privileged:latest',
      'audit-violations': `would violate PodSecurity "baseline:v1.99": ${forbids}`,
    },
    counted: ['allow enforce privileged:latest', 'deny audit baseline:future', 'deny warn baseline:latest'],
  },
  {
    title: 'says what is wrong with the labels, and goes by the strictest',
    labels: { enforce: 'none', warn: 'baseline' },
    attributes: {
      object: pod({ ...hostPid }),
      subresource: 'ephemeralcontainers',
      operation: 'UPDATE',
      oldObject: pod({}, 'j'),
    },
    refused:
      'pods "a" is forbidden: violates PodSecurity "restricted:latest": host namespaces (hostPID=true), allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    annotations: {
      error:
        'Failed to parse policy: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "none": must be one of privileged, baseline, restricted',
      'enforce-policy': 'restricted:latest',
    },
    counted: ['deny enforce restricted:latest'],
  },
  {
    title: 'does not look at updates that change no image',
    labels: { enforce: 'baseline' },
    attributes: { object: pod(hostPid), operation: 'UPDATE', oldObject: pod() },
    annotations: {},
  },
  {
    title: 'does not look at what cannot change a Pod',
    labels: { enforce: 'baseline' },
    attributes: { object: pod(hostPid), operation: 'UPDATE', oldObject: pod(), subresource: 'status' },
    annotations: {},
  },
  {
    title: 'warns of templates by the enforced level, and lets them be',
    labels: { enforce: 'baseline' },
    attributes: { ref: deployments, object: template(hostPid) },
    warnings: [`would violate PodSecurity "baseline:latest": ${forbids}`],
    annotations: {},
    counted: ['deny warn baseline:latest'],
  },
  {
    title: 'exempts users',
    labels: { enforce: 'baseline' },
    attributes: { object: pod(hostPid), user: { name: 'operator', groups: [], extra: {} } },
    annotations: { exempt: 'user' },
  },
  {
    title: 'exempts runtime classes',
    labels: { enforce: 'baseline' },
    attributes: { object: pod({ ...hostPid, runtimeClassName: 'sandboxed' }) },
    annotations: { exempt: 'runtimeClass' },
  },
  {
    title: 'exempts namespaces',
    labels: { enforce: 'baseline' },
    attributes: { object: pod(hostPid), namespace: 'system' },
    annotations: { exempt: 'namespace' },
  },
]

const exemptions = { usernames: ['operator'], runtimeClasses: ['sandboxed'], namespaces: ['system'] }

const exempting: PodSecurityConfiguration = { ...noConfiguration, exemptions }

async function judge(row: Pick<Row, 'labels' | 'attributes'>, configuration = exempting) {
  const registry = new Registry()
  const metrics = createAdmissionMetrics(registry, systemClock)
  const reader = new FakeReader()
  for (const name of ['shop', 'system']) reader.put(namespaces, { metadata: { name, labels: labelled(row.labels) } })
  const { ref = pods, ...given } = row.attributes
  const warnings: string[] = []
  const annotations: Record<string, string> = {}
  const warn = (text: string) => warnings.push(text)
  const annotate = (key: string, value: string) => {
    annotations[key] = value
  }
  const attributes = write(ref, { ...given, warn, annotate } as Parameters<typeof write>[1])
  const refused = await refusal(podSecurity({ reader, metrics, configuration }), attributes)
  const text = await registry.metrics()
  const counted = [...text.matchAll(/^pod_security_evaluations_total\{(.*)\} 1$/gm)].map(([, labels]) => {
    const of = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(labels!)?.[1]
    return `${of('decision')} ${of('mode')} ${of('policy_level')}:${of('policy_version')}`
  })
  return { refused, warnings, annotations, counted }
}

for (const row of rows) {
  test(`PodSecurity ${row.title}`, async () => {
    assert.deepEqual(await judge(row), {
      refused: row.refused,
      warnings: row.warnings ?? [],
      annotations: labelled(row.annotations),
      counted: row.counted ?? [],
    })
  })
}

test('PodSecurity goes by the defaults of the operator where labels say nothing', async () => {
  const defaults = { enforce: 'baseline', 'enforce-version': 'v1.30', warn: 'restricted' }
  const configuration = readPodSecurityConfiguration({ defaults }, 'configuration')
  const { refused } = await judge({ labels: {}, attributes: { object: pod(hostPid) } }, configuration)
  assert.equal(refused, `pods "a" is forbidden: violates PodSecurity "baseline:v1.30": ${forbids}`)
  const labels = { enforce: 'privileged', warn: 'privileged' }
  assert.equal((await judge({ labels, attributes: { object: pod(hostPid) } }, configuration)).refused, undefined)
})

const mistakes: [title: string, fields: object, message: string][] = [
  [
    'a level there is not',
    { defaults: { enforce: 'none' } },
    'defaults.enforce: Invalid value: "none": must be one of privileged, baseline, restricted',
  ],
  [
    'a version that is none',
    { defaults: { 'warn-version': '1.30' } },
    'defaults.warn-version: Invalid value: "1.30": must be "latest" or "v1.x"',
  ],
  ['the same user twice', { exemptions: { usernames: ['a', 'a'] } }, 'exemptions.usernames[1]: Duplicate value: "a"'],
  [
    'no name for a user',
    { exemptions: { usernames: [''] } },
    'exemptions.usernames[0]: Invalid value: "": username must not be empty',
  ],
]

for (const [title, fields, message] of mistakes) {
  test(`the configuration of PodSecurity is refused for ${title}`, () => {
    assert.throws(() => readPodSecurityConfiguration(fields as Record<string, unknown>, 'configuration'), { message })
  })
}
