import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deploymentStatusRules, statefulSetStatusRules, validateStatusCounts } from './replica-status.ts'

const rows: { title: string; rules: typeof deploymentStatusRules; status: object; wrong: string[] }[] = [
  { title: 'no status', rules: deploymentStatusRules, status: {}, wrong: [] },
  {
    title: 'a negative count of a Deployment, which others exceed',
    rules: deploymentStatusRules,
    status: { replicas: -1 },
    wrong: [
      'status.replicas: Invalid value: -1: must be greater than or equal to 0',
      'status.updatedReplicas: Invalid value: 0: cannot be greater than status.replicas',
      'status.readyReplicas: Invalid value: 0: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 0: cannot be greater than status.replicas',
    ],
  },
  {
    title: 'a Deployment with more available than ready',
    rules: deploymentStatusRules,
    status: { replicas: 3, readyReplicas: 1, availableReplicas: 2 },
    wrong: ['status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas'],
  },
  {
    title: 'a StatefulSet with more available than ready',
    rules: statefulSetStatusRules,
    status: { replicas: 3, readyReplicas: 1, availableReplicas: 2 },
    wrong: ['status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas'],
  },
]

for (const { title, rules, status, wrong } of rows) {
  test(`status numbers: ${title}`, () => {
    const errors = validateStatusCounts(rules)({ status })
    assert.deepEqual(
      errors.map(({ field, detail }) => `${field}: ${detail}`),
      wrong,
    )
  })
}
