import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Registry } from 'prom-client'
import { stringify } from 'yaml'
import type { SubjectAccessReviewSpec } from '../../api/types/authorization/v1.ts'
import { StatusError } from '../../machinery/status.ts'
import { silentLogger } from '../../platform/log.ts'
import { VirtualClock } from '../../platform/virtual-clock.ts'
import type { WebhookClient } from '../webhook/webhook-client.ts'
import { createAuthorizationMetrics } from './authorization-metrics.ts'
import type { AuthorizationAttributes, Decision } from './authorizer.ts'
import { parseAuthorizationConfiguration } from './configuration.ts'
import { compileMatchCondition, evaluateMatchConditions, type MatchCondition } from './match-conditions.ts'
import { type WebhookAuthorizerOptions, webhookAuthorizer } from './webhook.ts'

let folder: string
let kubeconfigPath: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubets-authorizer-'))
  kubeconfigPath = join(folder, 'kubeconfig')
  const named = { clusters: [{ name: 'a', cluster: { server: 'https://a' } }], users: [{ name: 'a', user: {} }] }
  const contexts = [{ name: 'a', context: { cluster: 'a', user: 'a' } }]
  writeFileSync(kubeconfigPath, stringify({ ...named, contexts, 'current-context': 'a' }))
})
after(() => rmSync(folder, { recursive: true, force: true }))

const getPods: AuthorizationAttributes = {
  user: { name: 'jane', groups: ['devs'], extra: {} },
  verb: 'get',
  isResourceRequest: true,
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  name: 'a',
  namespace: 'shop',
  path: '',
}

interface Sent {
  readonly apiVersion: string
  readonly spec: object
}

/** An authorizer whose webhook is `answer`; undefined answers are a 500. */
function authorizerWith(answer: (sent: Sent) => object | undefined, more: Partial<WebhookAuthorizerOptions> = {}) {
  const sent: Sent[] = []
  const registry = new Registry()
  const metrics = createAuthorizationMetrics(registry).webhook('hook')
  const clock = new VirtualClock(0)
  const client: WebhookClient = {
    target: () => assert.fail('objects name no webhook here'),
    async call(_target, { body }) {
      const review = body as Sent
      sent.push(review)
      const status = answer(review)
      if (status) return { ...review, status }
      throw new StatusError({ code: 500, reason: 'InternalError', message: 'out of order' })
    },
  }
  const authorizer = webhookAuthorizer(
    {
      kubeconfigPath,
      version: 'v1',
      timeoutMs: 3_000,
      authorizedTtlMs: 300_000,
      unauthorizedTtlMs: 30_000,
      failurePolicy: 'NoOpinion',
      matchConditions: [],
      ...more,
    },
    { client, clock, random: () => 0, log: silentLogger, metrics },
  )
  const authorize = async (attributes = getPods): Promise<Decision> => {
    const decision = Promise.resolve(authorizer.authorize(attributes))
    // Tries are half a second apart and more: time passes until one has answered.
    let isMade = false
    const made = decision.finally(() => {
      isMade = true
    })
    while (!isMade) await clock.advanceMs(500)
    return made
  }
  const counts = async () =>
    (await registry.metrics()).split('\n').filter((line) => /^apiserver_authorization_.*_total\{/.test(line))
  return { authorize, clock, sent, counts }
}

describe('a webhook', () => {
  const rows: { title: string; status: object; want: Decision }[] = [
    {
      title: 'allows',
      status: { allowed: true, reason: 'it may' },
      want: { allowed: true, reason: 'it may' },
    },
    {
      title: 'has no opinion',
      status: { allowed: false },
      want: { allowed: false, reason: '' },
    },
    {
      title: 'denies',
      status: { allowed: false, denied: true, reason: 'never' },
      want: { allowed: false, denied: true, reason: 'never' },
    },
    {
      title: 'that says both is a denial',
      status: { allowed: true, denied: true },
      want: {
        allowed: false,
        denied: true,
        reason: '',
        error: 'webhook subject access review returned both allow and deny response',
      },
    },
  ]
  for (const { title, status, want } of rows) {
    test(title, async () => assert.deepEqual(await authorizerWith(() => status).authorize(), want))
  }

  test('is asked in its own version', async () => {
    const { authorize, sent } = authorizerWith(() => ({ allowed: true }), { version: 'v1beta1' })
    await authorize()
    assert.deepEqual(sent, [
      {
        kind: 'SubjectAccessReview',
        apiVersion: 'authorization.k8s.io/v1beta1',
        metadata: {},
        spec: {
          resourceAttributes: { namespace: 'shop', verb: 'get', version: 'v1', resource: 'pods', name: 'a' },
          user: 'jane',
          group: ['devs'],
        },
        status: { allowed: false },
      },
    ])
  })

  test('that fails is tried five times, and then is no opinion', async () => {
    const { authorize, sent } = authorizerWith(() => undefined)
    assert.deepEqual(await authorize(), { allowed: false, reason: '', error: 'out of order' })
    assert.equal(sent.length, 5)
  })

  test('is counted', async () => {
    const answers = [undefined, { allowed: true }]
    const { authorize, counts } = authorizerWith(() => answers.shift(), {
      matchConditions: [condition('request.resourceAttributes.resource != "secrets"')],
    })
    await authorize({ ...getPods, resource: 'secrets' })
    await authorize()
    assert.deepEqual(await counts(), [
      'apiserver_authorization_webhook_evaluations_total{name="hook",result="error"} 1',
      'apiserver_authorization_webhook_evaluations_total{name="hook",result="success"} 1',
      'apiserver_authorization_match_condition_exclusions_total{type="Webhook",name="hook"} 1',
    ])
  })

  test('that fails is counted as open', async () => {
    const { authorize, counts } = authorizerWith(() => undefined)
    await authorize()
    assert.deepEqual(await counts(), [
      'apiserver_authorization_webhook_evaluations_total{name="hook",result="error"} 5',
      'apiserver_authorization_webhook_evaluations_fail_open_total{name="hook",result="error"} 1',
    ])
  })

  test('that fails denies where the policy says so', async () => {
    const { authorize } = authorizerWith(() => undefined, { failurePolicy: 'Deny' })
    assert.deepEqual(await authorize(), { allowed: false, denied: true, reason: '', error: 'out of order' })
  })

  test('is not asked again while its answer is good', async () => {
    const { authorize, clock, sent } = authorizerWith(() => ({ allowed: true }))
    await authorize()
    await clock.advanceMs(299_000)
    await authorize()
    assert.equal(sent.length, 1)
    await clock.advanceMs(2_000)
    await authorize()
    assert.equal(sent.length, 2)
  })

  test('is asked again about what is too long to remember', async () => {
    const { authorize, sent } = authorizerWith(() => ({ allowed: true }))
    const attributes = { ...getPods, name: 'a'.repeat(10_000) }
    await authorize(attributes)
    await authorize(attributes)
    assert.equal(sent.length, 2)
  })

  test('is left alone where a condition does not hold', async () => {
    const matchConditions = [condition('request.user != "jane"')]
    const { authorize, sent } = authorizerWith(() => ({ allowed: true }), { matchConditions })
    assert.deepEqual(await authorize(), { allowed: false, reason: '' })
    assert.equal(sent.length, 0)
  })
})

function condition(expression: string): MatchCondition {
  const compiled = compileMatchCondition(expression)
  return 'error' in compiled ? assert.fail(compiled.error) : compiled
}

describe('conditions', () => {
  const spec: SubjectAccessReviewSpec = {
    user: 'jane',
    groups: ['devs'],
    resourceAttributes: {
      verb: 'list',
      resource: 'pods',
      labelSelector: { requirements: [{ key: 'a', operator: 'Exists' }] },
    },
  }
  const rows: { title: string; expressions: string[]; want: unknown }[] = [
    { title: 'hold together', expressions: ['"devs" in request.groups', 'request.user == "jane"'], want: true },
    { title: 'see empty texts', expressions: ['request.resourceAttributes.namespace == ""'], want: true },
    {
      title: 'see selectors',
      expressions: ['request.resourceAttributes.labelSelector.requirements[0].key == "a"'],
      want: true,
    },
    { title: 'see what is not there', expressions: ['!has(request.nonResourceAttributes)'], want: true },
    { title: 'that are false settle it', expressions: ['request.extra["x"] == []', 'false'], want: false },
    {
      title: 'that fail are errors',
      expressions: ['request.extra["x"] == []'],
      want: {
        error: `cel evaluation error: expression 'request.extra["x"] == []' resulted in error: no such key: x`,
      },
    },
  ]
  for (const { title, expressions, want } of rows) {
    test(title, () => assert.deepEqual(evaluateMatchConditions(expressions.map(condition), spec), want))
  }
})

describe('a configuration is refused that', () => {
  const webhook = () => ({
    timeout: '3s',
    subjectAccessReviewVersion: 'v1',
    failurePolicy: 'NoOpinion',
    connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: kubeconfigPath },
  })
  const rbac = { type: 'RBAC', name: 'rbac' }
  const hook = (more: object) => () => [{ type: 'Webhook', name: 'hook', webhook: { ...webhook(), ...more } }]
  const rows: { title: string; authorizers: () => readonly object[]; says: string }[] = [
    {
      title: 'names nobody',
      authorizers: () => [],
      says: 'authorizers: Required value: at least one authorization mode must be defined',
    },
    {
      title: 'names somebody unknown',
      authorizers: () => [{ type: 'ABAC', name: 'abac' }],
      says:
        'authorizers[0].type: Unsupported value: "ABAC": ' +
        'supported values: "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"',
    },
    {
      title: 'names one twice',
      authorizers: () => [rbac, rbac],
      says: 'authorizers[1].type: Duplicate value: "RBAC"',
    },
    {
      title: 'gives one another name',
      authorizers: () => [{ type: 'RBAC', name: 'roles' }],
      says: 'expected name rbac for authorizer RBAC instead of roles',
    },
    {
      title: 'lacks one that must stay',
      authorizers: () => [rbac],
      says: 'missing required types: [Node]',
    },
    {
      title: 'has no time limit',
      authorizers: hook({ timeout: undefined }),
      says: 'authorizers[0].timeout: Required value',
    },
    {
      title: 'waits too long',
      authorizers: hook({ timeout: '31s' }),
      says: 'authorizers[0].timeout: Invalid value: "31s": must be > 0s and <= 30s',
    },
    {
      title: 'has another policy',
      authorizers: hook({ failurePolicy: 'Allow' }),
      says: 'authorizers[0].failurePolicy: Unsupported value: "Allow": supported values: "NoOpinion", "Deny"',
    },
    {
      title: 'says nothing of the version of conditions',
      authorizers: hook({ matchConditions: [{ expression: 'true' }] }),
      says:
        'authorizers[0].matchConditionSubjectAccessReviewVersion: Required value: ' +
        'required if match conditions are specified',
    },
    {
      title: 'has a condition of another type',
      authorizers: hook({ matchConditionSubjectAccessReviewVersion: 'v1', matchConditions: [{ expression: '1' }] }),
      says: 'authorizers[0].matchConditions[0].expression: Invalid value: "1": must evaluate to bool but got int',
    },
    {
      title: 'names a file by a relative path',
      authorizers: hook({ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: 'a' } }),
      says: 'authorizers[0].connectionInfo.kubeConfigFile: Invalid value: "a": must be an absolute path',
    },
    {
      title: 'has a field that there is not',
      authorizers: hook({ timeOut: '3s' }),
      says: 'strict decoding error: unknown field "authorizers[0].webhook.timeOut"',
    },
  ]
  for (const { title, authorizers, says } of rows) {
    test(title, () => {
      const file = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration' }
      const required = title === 'lacks one that must stay' ? (['Node', 'RBAC'] as const) : []
      const text = JSON.stringify({ ...file, authorizers: authorizers() })
      assert.throws(() => parseAuthorizationConfiguration(text, required), { message: says })
    })
  }
})
