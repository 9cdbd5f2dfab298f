import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isStatus } from '../machinery/status.ts'
import type { RequestInfo } from './request.ts'
import { parseRequestInfo } from './request-info.ts'

interface Row {
  title: string
  method?: string
  path: string
  want: Partial<RequestInfo>
}

const rows: Row[] = [
  { title: 'the root', path: '/', want: { isResourceRequest: false, verb: 'get', path: '/' } },
  { title: 'a group list', path: '/apis/apps', want: { isResourceRequest: false, resource: '' } },
  { title: 'a version of a group', path: '/apis/apps/v1', want: { isResourceRequest: false } },
  { title: 'another prefix', path: '/openapi/v3/apis/apps/v1', want: { isResourceRequest: false, verb: 'get' } },
  {
    title: 'one Pod',
    path: '/api/v1/namespaces/web/pods/a',
    want: {
      isResourceRequest: true,
      verb: 'get',
      namespace: 'web',
      resource: 'pods',
      name: 'a',
      version: 'v1',
      group: '',
    },
  },
  {
    title: 'Pods of every namespace',
    path: '/api/v1/pods',
    want: { verb: 'list', namespace: '', resource: 'pods', name: '' },
  },
  { title: 'a watch', path: '/api/v1/pods?watch=true', want: { verb: 'watch', resource: 'pods' } },
  { title: 'a watch without a value', path: '/api/v1/pods?watch', want: { verb: 'watch' } },
  { title: 'watch=0', path: '/api/v1/pods?watch=0', want: { verb: 'list' } },
  {
    title: 'the old form of a watch',
    path: '/api/v1/watch/namespaces/web/pods/a',
    want: { verb: 'watch', namespace: 'web', resource: 'pods', name: 'a' },
  },
  {
    title: 'a list narrowed to a name',
    path: '/api/v1/namespaces/web/secrets?fieldSelector=metadata.name%3Dtoken',
    want: { verb: 'list', name: 'token' },
  },
  {
    title: 'a list of all but one name',
    path: '/api/v1/namespaces/web/secrets?fieldSelector=metadata.name!=token',
    want: { verb: 'list', name: '' },
  },
  {
    title: 'a namespace',
    path: '/api/v1/namespaces/web',
    want: { verb: 'get', namespace: 'web', resource: 'namespaces', name: 'web' },
  },
  {
    title: "a namespace's finalizers",
    method: 'PUT',
    path: '/api/v1/namespaces/web/finalize',
    want: { verb: 'update', namespace: 'web', resource: 'namespaces', name: 'web', subresource: 'finalize' },
  },
  {
    title: 'a status of a grouped resource',
    method: 'PATCH',
    path: '/apis/apps/v1/namespaces/web/deployments/a/status',
    want: { verb: 'patch', group: 'apps', resource: 'deployments', name: 'a', subresource: 'status', namespace: 'web' },
  },
  {
    title: 'a path behind a proxy',
    path: '/api/v1/namespaces/web/services/http:a:80/proxy/x/y',
    want: { name: 'http:a:80', subresource: 'proxy', trailingPath: 'x/y' },
  },
  {
    title: 'a collection to delete',
    method: 'DELETE',
    path: '/api/v1/namespaces/web/pods',
    want: { verb: 'deletecollection' },
  },
  { title: 'a create', method: 'POST', path: '/api/v1/namespaces/web/pods', want: { verb: 'create' } },
  {
    title: 'an escaped name',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode',
    want: { name: 'system:node', resource: 'clusterroles' },
  },
  { title: 'an unknown method', method: 'BREW', path: '/api/v1/pods', want: { verb: '', resource: 'pods' } },
]

for (const { title, method = 'GET', path, want } of rows) {
  test(`request info reads ${title}`, () => {
    const [pathname, query = ''] = path.split('?')
    const info = parseRequestInfo(method, pathname!, new URLSearchParams(query))
    assert.deepEqual({ ...info, ...want }, info)
  })
}

for (const path of ['/api/v1/watch', '/api/v1/pods/%E0%A4%A']) {
  test(`request info refuses ${path}`, () => {
    assert.throws(
      () => parseRequestInfo('GET', path, new URLSearchParams()),
      (error) => isStatus(error, 'BadRequest'),
    )
  })
}
