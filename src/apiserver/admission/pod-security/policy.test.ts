import assert from 'node:assert/strict'
import { test } from 'node:test'
import { levelVersionText, policyOf } from './policy.ts'

const prefix = 'pod-security.kubernetes.io/'

const rows: { title: string; labels: Record<string, string>; policy: string; errors?: string[] }[] = [
  { title: 'nothing', labels: {}, policy: 'privileged:latest privileged:latest privileged:latest' },
  {
    title: 'a level to enforce: warned by it, too',
    labels: { enforce: 'baseline', 'enforce-version': 'v1.30' },
    policy: 'baseline:v1.30 privileged:latest baseline:v1.30',
  },
  {
    title: 'warnings of their own',
    labels: { enforce: 'restricted', warn: 'baseline' },
    policy: 'restricted:latest privileged:latest baseline:latest',
  },
  {
    title: 'a version of the warnings',
    labels: { enforce: 'restricted', 'warn-version': 'v1.20' },
    policy: 'restricted:latest privileged:latest restricted:v1.20',
  },
  {
    title: 'an unknown level: the strictest',
    labels: { enforce: 'strict' },
    policy: 'restricted:latest privileged:latest privileged:latest',
    errors: ['Invalid value: "strict": must be one of privileged, baseline, restricted'],
  },
  {
    title: 'an unknown version: the latest',
    labels: { audit: 'baseline', 'audit-version': '1.2' },
    policy: 'privileged:latest baseline:latest privileged:latest',
    errors: ['Invalid value: "1.2": must be "latest" or "v1.x"'],
  },
]

for (const { title, labels, policy, errors = [] } of rows) {
  test(`labels that say ${title}`, () => {
    const prefixed = Object.fromEntries(Object.entries(labels).map(([key, value]) => [prefix + key, value]))
    const parsed = policyOf(prefixed)
    const { enforce, audit, warn } = parsed.policy
    assert.equal([enforce, audit, warn].map(levelVersionText).join(' '), policy)
    assert.deepEqual(
      parsed.errors.map(({ detail }) => detail),
      errors,
    )
  })
}
