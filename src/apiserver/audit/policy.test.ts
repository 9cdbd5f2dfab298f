import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRequestInfo } from '../request-info.ts'
import { policyEvaluator, readAuditPolicy } from './policy.ts'

const head = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n'

const policy = readAuditPolicy(`${head}
omitStages: [RequestReceived]
rules:
- level: None
  users: [system:kube-proxy]
  verbs: [watch]
- level: Metadata
  resources:
  - group: ""
    resources: [secrets, "*/status", "pods/*"]
- level: None
  userGroups: [system:authenticated]
  nonResourceURLs: ["/healthz*", /version]
- level: RequestResponse
  namespaces: [a]
  omitManagedFields: true
- level: Request
  resources:
  - group: apps
    resources: [deployments]
    resourceNames: [web]
  omitStages: [ResponseComplete]
`)

const rows: readonly { request: string; user?: string; level: string }[] = [
  { request: 'GET /api/v1/services?watch=1', user: 'system:kube-proxy', level: 'None' },
  { request: 'GET /api/v1/namespaces/b/secrets/s', level: 'Metadata' },
  { request: 'PUT /api/v1/nodes/n/status', level: 'Metadata' },
  { request: 'POST /api/v1/namespaces/b/pods/p/exec', level: 'Metadata' },
  { request: 'GET /healthz/ping', level: 'None' },
  { request: 'GET /version', level: 'None' },
  { request: 'POST /api/v1/namespaces/a/configmaps', level: 'RequestResponse' },
  { request: 'GET /apis/apps/v1/namespaces/b/deployments/web', level: 'Request' },
  { request: 'GET /apis/apps/v1/namespaces/b/deployments/other', level: 'None' },
]

for (const { request, user = 'alice', level } of rows) {
  test(`the policy notes ${request} by ${user} at level ${level}`, () => {
    const [method = '', url = ''] = request.split(' ')
    const [path = '', query] = url.split('?')
    const info = parseRequestInfo(method, path, new URLSearchParams(query))
    const config = policyEvaluator(policy)(info, { name: user, groups: ['system:authenticated'], extra: {} })
    assert.equal(config.level, level)
    assert.ok(config.omitStages.has('RequestReceived'))
  })
}

const refused: readonly { title: string; text: string; message: RegExp }[] = [
  { title: 'no version', text: 'kind: Policy', message: /unknown group version field/ },
  { title: 'no rules', text: head, message: /loaded illegal policy with 0 rules/ },
  { title: 'no level', text: `${head}rules: [{}]`, message: /rules\[0\]\.level: Required value/ },
  {
    title: 'an unknown level',
    text: `${head}rules: [{level: All}]`,
    message: /Unsupported value: "All": supported values: "Metadata", "None", "Request", "RequestResponse"/,
  },
  {
    title: 'paths beside resources',
    text: `${head}rules: [{level: None, namespaces: [a], nonResourceURLs: [/x]}]`,
    message: /rules cannot apply to both regular resources and non-resource URLs/,
  },
  {
    title: 'an unknown stage',
    text: `${head}omitStages: [Later]\nrules: [{level: None}]`,
    message: /omitStages\[0\]: Invalid value: "Later": allowed stages are RequestReceived,ResponseStarted/,
  },
]

for (const { title, text, message } of refused) {
  test(`a policy with ${title} is refused`, () => assert.throws(() => readAuditPolicy(text), message))
}
