import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StatefulSet, StatefulSetSpec } from '../types/apps/v1.ts'
import { validateStatefulSet, validateStatefulSetUpdate } from './stateful-set.ts'

const container = { name: 'c', image: 'i', imagePullPolicy: 'Always', terminationMessagePolicy: 'File' }
const podSpec = { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', terminationGracePeriodSeconds: 30 }
const template = { metadata: { labels: { a: 'b' } }, spec: { ...podSpec, containers: [container] } }

function setWith(spec: Partial<StatefulSetSpec>): StatefulSet {
  const retention = { whenDeleted: 'Retain', whenScaled: 'Retain' }
  const defaults = { podManagementPolicy: 'OrderedReady', updateStrategy: { type: 'RollingUpdate' } }
  const selector = { matchLabels: { a: 'b' } }
  return { spec: { ...defaults, persistentVolumeClaimRetentionPolicy: retention, selector, template, ...spec } }
}

const labelRule =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

const created: { title: string; set: StatefulSet; wrong: string[] }[] = [
  { title: 'a plain one', set: setWith({}), wrong: [] },
  {
    title: 'an unknown strategy, shown as Go has it',
    set: setWith({ updateStrategy: { type: 'Never', rollingUpdate: { partition: 2 } } }),
    wrong: [
      `spec.updateStrategy: Invalid value: {"Type":"Never","RollingUpdate":{"Partition":2,"MaxUnavailable":null}}: must be 'RollingUpdate' or 'OnDelete'`,
    ],
  },
  {
    title: 'a claim that asks for nothing',
    set: setWith({ volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: {} }] }),
    wrong: [
      'spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required',
      'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
    ],
  },
  {
    title: 'a label of no form, said twice',
    set: setWith({ template: { ...template, metadata: { labels: { a: 'b', c: 'd e' } } } }),
    wrong: [
      `spec.template.labels: Invalid value: "d e": ${labelRule}`,
      `spec.template.labels: Invalid value: "d e": ${labelRule}`,
    ],
  },
]

const said = (errors: readonly { field: string; detail: string }[]) =>
  errors.map(({ field, detail }) => `${field}: ${detail}`)

for (const { title, set, wrong } of created) {
  test(`a new StatefulSet: ${title}`, () => assert.deepEqual(said(validateStatefulSet(set)), wrong))
}

const updateRule =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
const broken = { ...template, spec: { ...template.spec, containers: [{ ...container, name: '' }] } }

const updated: { title: string; now: StatefulSet; old: StatefulSet; wrong: string[] }[] = [
  { title: 'more replicas', now: setWith({ replicas: 2 }), old: setWith({ replicas: 1 }), wrong: [] },
  {
    title: 'another service',
    now: setWith({ serviceName: 'x' }),
    old: setWith({ serviceName: 'y' }),
    wrong: [`spec: Forbidden: ${updateRule}`],
  },
  {
    title: 'a template that older rules let in stays',
    now: setWith({ template: broken, replicas: 2 }),
    old: setWith({ template: broken }),
    wrong: [],
  },
]

for (const { title, now, old, wrong } of updated) {
  test(`a StatefulSet changes: ${title}`, () => assert.deepEqual(said(validateStatefulSetUpdate(now, old)), wrong))
}
