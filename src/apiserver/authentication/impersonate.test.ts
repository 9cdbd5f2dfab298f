import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AuthorizationAttributes, Authorizer } from '../authorization/authorizer.ts'
import type { Headers, RequestContext, UserInfo } from '../request.ts'
import { impersonate } from './impersonate.ts'

/** Allows what is listed: `verb resource[/subresource] [name]`. */
function allowing(...rights: readonly string[]): Authorizer {
  return {
    authorize: (attributes) => ({ allowed: rights.includes(rightOf(attributes)), reason: '' }),
  }
}

function rightOf({ verb, resource, subresource, name }: AuthorizationAttributes): string {
  return `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`} ${name}`.trim()
}

function headersOf(values: Record<string, string | string[]>): Headers {
  return {
    get: (name) => [values[name] ?? []].flat()[0],
    all: (name) => [values[name] ?? []].flat(),
    names: () => Object.keys(values),
  }
}

async function userAfter(
  authorizer: Authorizer,
  headers: Record<string, string | string[]>,
  user: Partial<UserInfo> = {},
): Promise<UserInfo> {
  const context = {
    headers: headersOf(headers),
    user: { name: 'alice', groups: ['system:authenticated'], extra: {}, ...user },
    query: new URLSearchParams(),
    info: {
      isResourceRequest: true,
      path: '',
      verb: 'list',
      group: '',
      version: 'v1',
      namespace: 'ns',
      resource: 'pods',
      subresource: '',
      name: '',
      trailingPath: '',
    },
  } as unknown as RequestContext
  await impersonate(authorizer)(context, async () => ({ kind: 'bytes', status: 200, headers: {}, body: '' }))
  return context.user
}

const podOnNode = {
  name: 'system:serviceaccount:kube-system:agent',
  extra: { 'authentication.kubernetes.io/node-name': ['n1'] },
}

describe('who asks to be somebody else', () => {
  const rows = [
    {
      title: 'may, with the right over that name, whatever they do',
      rights: ['impersonate users bob'],
      headers: { 'impersonate-user': 'bob' },
      want: { name: 'bob', groups: ['system:authenticated'] },
    },
    {
      title: 'may, with the constrained rights over the name and what they do',
      rights: ['impersonate:user-info users bob', 'impersonate-on:user-info:list pods'],
      headers: { 'impersonate-user': 'bob' },
      want: { name: 'bob', groups: ['system:authenticated'] },
    },
    {
      title: 'may not do more than the constrained rights name',
      rights: ['impersonate:user-info users bob', 'impersonate-on:user-info:get pods'],
      headers: { 'impersonate-user': 'bob' },
      refused:
        'pods is forbidden: User "alice" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "ns"',
    },
    {
      title: 'may be a service account, with its groups',
      rights: ['impersonate:serviceaccount serviceaccounts robot', 'impersonate-on:serviceaccount:list pods'],
      headers: { 'impersonate-user': 'system:serviceaccount:ns:robot' },
      want: {
        name: 'system:serviceaccount:ns:robot',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
      },
    },
    {
      title: 'may be a node, with the group of nodes',
      rights: ['impersonate:arbitrary-node nodes n1', 'impersonate-on:arbitrary-node:list pods'],
      headers: { 'impersonate-user': 'system:node:n1' },
      want: { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] },
    },
    {
      title: 'may, in a Pod, be the node it runs on',
      user: podOnNode,
      rights: ['impersonate:associated-node nodes *', 'impersonate-on:associated-node:list pods'],
      headers: { 'impersonate-user': 'system:node:n1' },
      want: { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] },
    },
    {
      title: 'may not, in a Pod, be another node',
      user: podOnNode,
      rights: ['impersonate:associated-node nodes *', 'impersonate-on:associated-node:list pods'],
      headers: { 'impersonate-user': 'system:node:n2' },
      refused:
        'pods is forbidden: User "system:serviceaccount:kube-system:agent" cannot impersonate-on:arbitrary-node:list resource "pods" in API group "" in the namespace "ns"',
    },
    {
      title: 'needs a right for each group, uid and extra value',
      rights: ['impersonate users bob', 'impersonate groups g', 'impersonate uids 7', 'impersonate userextras/a.b/c v'],
      headers: {
        'impersonate-user': 'bob',
        'impersonate-group': 'g',
        'impersonate-uid': '7',
        'impersonate-extra-a.b%2fc': 'v',
      },
      want: { name: 'bob', groups: ['g', 'system:authenticated'], uid: '7', extra: { 'a.b/c': ['v'] } },
    },
    {
      title: 'stays unauthenticated as system:anonymous',
      rights: ['impersonate users system:anonymous'],
      headers: { 'impersonate-user': 'system:anonymous' },
      want: { name: 'system:anonymous', groups: ['system:unauthenticated'] },
    },
  ]
  for (const { title, rights, headers, user, want, refused } of rows) {
    test(title, async () => {
      const asked = userAfter(allowing(...rights), headers, user)
      if (refused !== undefined) await assert.rejects(asked, { message: refused })
      else assert.deepEqual({ extra: {}, ...want }, await asked)
    })
  }

  test('must name a user with a group', async () => {
    await assert.rejects(userAfter(allowing(), { 'impersonate-group': 'g' }), /without impersonating a user name/)
  })
})
