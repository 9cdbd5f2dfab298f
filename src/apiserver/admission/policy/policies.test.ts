import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type {
  MatchResources,
  MutatingAdmissionPolicySpec,
  ValidatingAdmissionPolicySpec,
} from '../../../api/types/admissionregistration/v1.ts'
import type { ConfigMap } from '../../../api/types/core/v1.ts'
import {
  configMaps,
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  namespaces,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from '../../../api/types/resources.ts'
import { Cluster } from '../../../cluster/embedded.ts'
import { StatusError } from '../../../machinery/status.ts'

let cluster: Cluster

before(async () => {
  cluster = await Cluster.start({ components: ['apiserver'] })
  await cluster.client.of(namespaces).create({ metadata: { name: 'shop', labels: { tier: 'gold' } } })
})

after(() => cluster.stop())

const matchConstraints: MatchResources = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
  resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
}

let made = 0

/** What a new ConfigMap becomes, or why it is refused. */
async function create(data: Record<string, string>): Promise<ConfigMap['data'] | string> {
  const object = { metadata: { name: `c${made++}`, namespace: 'shop' }, data }
  try {
    return (await cluster.client.of(configMaps).create(object)).data
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return `${error.code} ${error.reason} ${error.message.replace(/^.*denied request: /, '')}`
  }
}

async function underValidation(spec: Partial<ValidatingAdmissionPolicySpec>, data: Record<string, string>) {
  const { client } = cluster
  const metadata = { name: 'test' }
  await client.of(validatingAdmissionPolicies).create({ metadata, spec: { matchConstraints, ...spec } })
  try {
    const binding = { policyName: 'test', validationActions: ['Deny'] }
    await client.of(validatingAdmissionPolicyBindings).create({ metadata, spec: binding })
    return await create(data)
  } finally {
    await client.of(validatingAdmissionPolicyBindings).delete('test')
    await client.of(validatingAdmissionPolicies).delete('test')
  }
}

async function underMutation(spec: Partial<MutatingAdmissionPolicySpec>, data: Record<string, string>) {
  const { client } = cluster
  const metadata = { name: 'test' }
  const whole = { matchConstraints, reinvocationPolicy: 'Never', ...spec }
  await client.of(mutatingAdmissionPolicies).create({ metadata, spec: whole })
  try {
    await client.of(mutatingAdmissionPolicyBindings).create({ metadata, spec: { policyName: 'test' } })
    return await create(data)
  } finally {
    await client.of(mutatingAdmissionPolicyBindings).delete('test')
    await client.of(mutatingAdmissionPolicies).delete('test')
  }
}

describe('ValidatingAdmissionPolicy', () => {
  const rows: { title: string; spec: Partial<ValidatingAdmissionPolicySpec>; outcome: unknown }[] = [
    { title: 'lets in what fulfils it', spec: { validations: [{ expression: 'true' }] }, outcome: { a: 'b' } },
    {
      title: 'shows the expression where there is no message',
      spec: { validations: [{ expression: "object.data.a == 'x'" }] },
      outcome: "422 Invalid failed expression: object.data.a == 'x'",
    },
    {
      title: 'refuses with the reason given, and a message that uses variables',
      spec: {
        variables: [{ name: 'a', expression: 'object.data.a' }],
        validations: [{ expression: 'false', reason: 'Forbidden', messageExpression: "'it is ' + variables.a" }],
      },
      outcome: '403 Forbidden it is b',
    },
    {
      title: 'says what went wrong in an expression',
      spec: { validations: [{ expression: "object.data.none == 'x'" }] },
      outcome: "422 Invalid expression 'object.data.none == 'x'' resulted in error: no such key: none",
    },
    {
      title: 'lets errors pass where the failure policy is Ignore',
      spec: { failurePolicy: 'Ignore', validations: [{ expression: "object.data.none == 'x'" }] },
      outcome: { a: 'b' },
    },
    {
      title: 'is not concerned where a match condition is false',
      spec: {
        matchConditions: [{ name: 'never', expression: "object.data.a == 'x'" }],
        validations: [{ expression: 'false' }],
      },
      outcome: { a: 'b' },
    },
    {
      title: 'sees the namespace, the request and the rights of the user',
      spec: {
        validations: [
          { expression: "namespaceObject.metadata.labels.tier == 'gold'" },
          { expression: "request.resource.resource == 'configmaps' && request.operation == 'CREATE'" },
          { expression: "authorizer.group('').resource('pods').namespace('shop').check('get').allowed()" },
          { expression: "authorizer.requestResource.check('create').allowed()" },
        ],
      },
      outcome: { a: 'b' },
    },
    {
      title: 'whose parameters are of an unknown kind refuses',
      spec: { paramKind: { apiVersion: 'none.example.com/v1', kind: 'None' }, validations: [{ expression: 'true' }] },
      outcome:
        "422 Invalid failed to configure policy: failed to find resource referenced by paramKind: 'none.example.com/v1, Kind=None'",
    },
  ]
  for (const { title, spec, outcome } of rows) {
    test(title, async () => assert.deepEqual(await underValidation(spec, { a: 'b' }), outcome))
  }
})

describe('MutatingAdmissionPolicy', () => {
  const apply = (expression: string) => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } })
  const patch = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } })
  const rows: { title: string; spec: Partial<MutatingAdmissionPolicySpec>; outcome: unknown }[] = [
    {
      title: 'lays an applied object over the one that comes',
      spec: { mutations: [apply("Object{data: {'c': 'd'}}")] },
      outcome: { a: 'b', c: 'd' },
    },
    {
      title: 'patches, each mutation seeing the result of the one before',
      spec: {
        mutations: [
          patch("[JSONPatch{op: 'add', path: '/data/x', value: '1'}]"),
          patch("[JSONPatch{op: 'add', path: '/data/y', value: object.data.x + '2'}]"),
        ],
      },
      outcome: { a: 'b', x: '1', y: '12' },
    },
    {
      title: 'patches members whose names need escaping',
      spec: { mutations: [patch("[JSONPatch{op: 'add', path: '/data/' + jsonpatch.escapeKey('k.x'), value: '1'}]")] },
      outcome: { a: 'b', 'k.x': '1' },
    },
    {
      title: 'leaves the object alone where a test of the patch fails',
      spec: { mutations: [patch("[JSONPatch{op: 'test', path: '/data/a', value: 'x'}]")] },
      outcome: { a: 'b' },
    },
    {
      title: 'refuses fields that the kind does not have',
      spec: { mutations: [apply("Object{none: 'x'}")] },
      outcome:
        '403 Invalid error applying patch: failed to convert patch object to typed object: .none: field not declared in schema',
    },
    {
      title: 'refuses types that are not named by their path',
      spec: { mutations: [apply("Object{metadata: Object.wrong{name: 'x'}}")] },
      outcome:
        '403 Invalid type mismatch: unexpected type name "Object.wrong", expected "Object.metadata", which matches field name path from root Object type',
    },
    {
      title: 'lets failures pass where the failure policy is Ignore',
      spec: { failurePolicy: 'Ignore', mutations: [apply("Object{none: 'x'}")] },
      outcome: { a: 'b' },
    },
  ]
  for (const { title, spec, outcome } of rows) {
    test(title, async () => assert.deepEqual(await underMutation(spec, { a: 'b' }), outcome))
  }
})
