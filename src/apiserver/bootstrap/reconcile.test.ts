import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ClusterRole, ClusterRoleBinding } from '../../api/types/rbac/v1.ts'
import type { KubeObject } from '../../machinery/object.ts'
import { firstAddress } from './first-address.ts'
import { bootstrapObjects } from './objects.ts'
import { reconcile } from './reconcile.ts'

const role = (rules: ClusterRole['rules'], annotations: Record<string, string> = {}): KubeObject =>
  ({ kind: 'ClusterRole', metadata: { name: 'r', annotations }, rules }) as KubeObject

const binding = (name: string, ...users: string[]): KubeObject =>
  ({
    kind: 'ClusterRoleBinding',
    metadata: { name: 'b' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: users.map((user) => ({ kind: 'User', name: user })),
  }) as KubeObject

const getPods = { verbs: ['get'], apiGroups: [''], resources: ['pods'] }
const listPods = { verbs: ['list'], apiGroups: [''], resources: ['pods'] }

describe('a later start', () => {
  test('adds rules that a role lacks and keeps those that people added', () => {
    const outcome = reconcile(role([getPods]), role([listPods]))
    assert.equal(outcome.action, 'replace')
    assert.deepEqual(outcome.action === 'replace' && (outcome.object as ClusterRole).rules, [listPods, getPods])
  })

  test('leaves a role alone that people keep for themselves', () => {
    const own = role([], { 'rbac.authorization.kubernetes.io/autoupdate': 'false' })
    assert.deepEqual(reconcile(role([getPods]), own), { action: 'keep' })
  })

  test('adds subjects that a binding lacks', () => {
    const outcome = reconcile(binding('r', 'a', 'b'), binding('r', 'c', 'a'))
    const subjects = outcome.action === 'replace' ? (outcome.object as ClusterRoleBinding).subjects : []
    assert.deepEqual(
      subjects?.map(({ name }) => name),
      ['c', 'a', 'b'],
    )
  })

  test('makes a binding anew that leads to another role', () => {
    assert.deepEqual(reconcile(binding('r'), binding('other')), { action: 'recreate' })
  })

  test('changes nothing that is as it should be', () => {
    for (const object of bootstrapObjects) assert.deepEqual(reconcile(object, object), { action: 'keep' })
  })
})

for (const [cidr, want] of [
  ['10.96.0.0/12', '10.96.0.1'],
  ['10.0.5.7/16', '10.0.0.1'],
  ['fd00::/108', 'fd00::1'],
] as const) {
  test(`the first address of ${cidr} is ${want}`, () => assert.equal(firstAddress(cidr), want))
}
