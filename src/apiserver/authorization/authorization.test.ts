import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeReader } from '../../../test/support/fake-reader.ts'
import type { Pod } from '../../api/types/core/v1.ts'
import { clusterRoleBindings, clusterRoles, pods, roleBindings, roles } from '../../api/types/resources.ts'
import type { UserInfo } from '../request.ts'
import { forbiddenRequest } from './authorize.ts'
import type { AuthorizationAttributes } from './authorizer.ts'
import { nodeAuthorizer } from './node.ts'
import { rbacAuthorizer } from './rbac.ts'
import { compactRules, describeRule, ruleAllows, uncovered } from './rules.ts'

const rbacGroup = 'rbac.authorization.k8s.io'

function userNamed(name: string, ...groups: string[]): UserInfo {
  return { name, groups, extra: {} }
}

function wants(given: Partial<AuthorizationAttributes>): AuthorizationAttributes {
  const nothing = { group: '', version: 'v1', resource: '', subresource: '', name: '', namespace: '', path: '' }
  return { ...nothing, user: userNamed('alice'), verb: 'get', isResourceRequest: given.path === undefined, ...given }
}

describe('a rule', () => {
  const readPods = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }
  const rows = [
    { title: 'grants what it names', rule: readPods, asked: { resource: 'pods' }, want: true },
    { title: 'grants no other verb', rule: readPods, asked: { resource: 'pods', verb: 'delete' }, want: false },
    { title: 'grants no other group', rule: readPods, asked: { resource: 'pods', group: 'apps' }, want: false },
    { title: 'grants no subresource', rule: readPods, asked: { resource: 'pods', subresource: 'log' }, want: false },
    {
      title: 'with */status grants every status',
      rule: { verbs: ['*'], apiGroups: ['*'], resources: ['*/status'] },
      asked: { resource: 'pods', subresource: 'status' },
      want: true,
    },
    {
      title: 'with names grants nothing without a name',
      rule: { ...readPods, resourceNames: ['a'] },
      asked: { resource: 'pods', verb: 'list' },
      want: false,
    },
    {
      title: 'with names grants those',
      rule: { ...readPods, resourceNames: ['a'] },
      asked: { resource: 'pods', name: 'a' },
      want: true,
    },
    {
      title: 'grants paths by prefix',
      rule: { verbs: ['get'], nonResourceURLs: ['/metrics/*'] },
      asked: { path: '/metrics/slis' },
      want: true,
    },
    {
      title: 'grants no path beside the prefix',
      rule: { verbs: ['get'], nonResourceURLs: ['/metrics/*'] },
      asked: { path: '/metrics' },
      want: false,
    },
    {
      title: 'for resources grants no path',
      rule: { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      asked: { path: '/x' },
      want: false,
    },
  ]
  for (const { title, rule, asked, want } of rows) {
    test(title, () => assert.equal(ruleAllows(rule, wants(asked)), want))
  }
})

describe('rules cover', () => {
  const rows = [
    {
      title: 'the same',
      owned: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
      wanted: ['get'],
      missing: 0,
    },
    {
      title: 'less than is wanted',
      owned: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
      wanted: ['get', 'list'],
      missing: 1,
    },
    {
      title: 'everything with a star',
      owned: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
      wanted: ['get', 'list'],
      missing: 0,
    },
    {
      title: 'one name and not all',
      owned: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] }],
      wanted: ['get'],
      missing: 1,
    },
  ]
  for (const { title, owned, wanted, missing } of rows) {
    test(title, () => {
      const rule = { verbs: wanted, apiGroups: [''], resources: ['pods'] }
      assert.equal(uncovered(owned, [rule]).length, missing)
    })
  }

  test('and what they do not is told as upstream tells it', () => {
    const missing = uncovered([], [{ verbs: ['get', 'list'], apiGroups: ['apps'], resources: ['deployments'] }])
    assert.deepEqual(compactRules(missing).map(describeRule), [
      '{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}',
    ])
  })
})

function clusterWithRoles(): FakeReader {
  return new FakeReader()
    .put(clusterRoles, {
      metadata: { name: 'view' },
      rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
    })
    .put(clusterRoleBindings, {
      metadata: { name: 'readers' },
      roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'Group', name: 'dev' }],
    })
    .put(roles, {
      metadata: { name: 'writer', namespace: 'web' },
      rules: [{ verbs: ['create'], apiGroups: [''], resources: ['pods'] }],
    })
    .put(roleBindings, {
      metadata: { name: 'robot', namespace: 'web' },
      roleRef: { apiGroup: rbacGroup, kind: 'Role', name: 'writer' },
      subjects: [{ kind: 'ServiceAccount', name: 'ci', namespace: 'tools' }],
    })
}

describe('RBAC', () => {
  const robot = userNamed('system:serviceaccount:tools:ci')

  test('allows by a group and says how', () => {
    const decision = rbacAuthorizer(clusterWithRoles()).authorize(
      wants({ resource: 'pods', namespace: 'x', user: userNamed('bob', 'dev') }),
    )
    assert.deepEqual(
      [decision.allowed, decision.reason],
      [true, 'RBAC: allowed by ClusterRoleBinding "readers" of ClusterRole "view" to Group "dev"'],
    )
  })

  test('allows a service account within the namespace of its binding alone', () => {
    const rbac = rbacAuthorizer(clusterWithRoles())
    const asked = { verb: 'create', resource: 'pods', user: robot }
    const decision = rbac.authorize(wants({ ...asked, namespace: 'web' }))
    assert.equal(
      decision.reason,
      'RBAC: allowed by RoleBinding "robot/web" of Role "writer" to ServiceAccount "ci/tools"',
    )
    assert.equal(rbac.authorize(wants({ ...asked, namespace: 'other' })).allowed, false)
    assert.equal(rbac.authorize(wants(asked)).allowed, false)
  })

  test('follows bindings as they come and go', () => {
    const reader = clusterWithRoles()
    const rbac = rbacAuthorizer(reader)
    const asked = wants({ resource: 'pods', user: userNamed('bob', 'dev') })
    reader.remove(clusterRoleBindings, 'readers')
    assert.equal(rbac.authorize(asked).allowed, false)
  })

  test('tells of a role that is not there', () => {
    const reader = clusterWithRoles()
    reader.remove(clusterRoles, 'view')
    const decision = rbacAuthorizer(reader).authorize(wants({ resource: 'pods', user: userNamed('bob', 'dev') }))
    assert.equal(decision.reason, 'RBAC: clusterrole.rbac.authorization.k8s.io "view" not found')
  })
})

describe('a kubelet', () => {
  const pod: Pod = {
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      nodeName: 'n1',
      serviceAccountName: 'app',
      containers: [{ name: 'c', envFrom: [{ secretRef: { name: 'env' } }] }],
      volumes: [{ name: 'v', configMap: { name: 'settings' } }],
    },
  }
  const mirror: Pod = {
    metadata: { name: 'static', namespace: 'shop', annotations: { 'kubernetes.io/config.mirror': 'x' } },
    spec: { nodeName: 'n1', containers: [{ name: 'c', envFrom: [{ secretRef: { name: 'stolen' } }] }] },
  }
  const authorizer = nodeAuthorizer(new FakeReader().put(pods, pod, mirror), () => [
    { verbs: ['get'], apiGroups: [''], resources: ['services'] },
  ])
  const kubelet = (name: string) => userNamed(`system:node:${name}`, 'system:nodes')
  const inShop = { namespace: 'shop' }
  const rows: { title: string; node?: string; asked: Partial<AuthorizationAttributes>; allowed: boolean }[] = [
    { title: 'reads a Secret of its Pod', asked: { ...inShop, resource: 'secrets', name: 'env' }, allowed: true },
    {
      title: 'of another node does not',
      node: 'n2',
      asked: { ...inShop, resource: 'secrets', name: 'env' },
      allowed: false,
    },
    {
      title: 'reads no Secret that only a mirror Pod names',
      asked: { ...inShop, resource: 'secrets', name: 'stolen' },
      allowed: false,
    },
    { title: 'lists no Secrets', asked: { ...inShop, resource: 'secrets', verb: 'list' }, allowed: false },
    {
      title: 'reads a ConfigMap of its Pod',
      asked: { ...inShop, resource: 'configmaps', name: 'settings' },
      allowed: true,
    },
    {
      title: 'makes tokens for its Pod',
      asked: { ...inShop, resource: 'serviceaccounts', subresource: 'token', verb: 'create', name: 'app' },
      allowed: true,
    },
    { title: 'reads its own Node', asked: { resource: 'nodes', name: 'n1' }, allowed: true },
    { title: 'reads no other Node', asked: { resource: 'nodes', name: 'n2' }, allowed: false },
    {
      title: 'lists the Pods on it',
      asked: { resource: 'pods', verb: 'list', fieldSelector: 'spec.nodeName=n1' },
      allowed: true,
    },
    { title: 'does not list all Pods', asked: { resource: 'pods', verb: 'list' }, allowed: false },
    {
      title: 'renews its own Lease',
      asked: {
        group: 'coordination.k8s.io',
        resource: 'leases',
        verb: 'update',
        namespace: 'kube-node-lease',
        name: 'n1',
      },
      allowed: true,
    },
    { title: 'has the fixed rules for the rest', asked: { resource: 'services' }, allowed: true },
  ]
  for (const { title, node = 'n1', asked, allowed } of rows) {
    test(title, () => assert.equal(authorizer.authorize(wants({ ...asked, user: kubelet(node) })).allowed, allowed))
  }
})

test('a refusal names user, verb, resource and namespace', () => {
  const { message } = forbiddenRequest(wants({ resource: 'pods', subresource: 'log', namespace: 'web', name: 'a' }), '')
  assert.equal(
    message,
    'pods "a" is forbidden: User "alice" cannot get resource "pods/log" in API group "" in the namespace "web"',
  )
})

test('a refusal of a path looks like no HTML', () => {
  const { message } = forbiddenRequest(wants({ path: '/<script>' }), '')
  assert.equal(message, 'forbidden: User "alice" cannot get path "/&lt;script&gt;"')
})
