import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type {
  NamedRuleWithOperations,
  ValidatingAdmissionPolicySpec,
} from '../../src/api/types/admissionregistration/v1.ts'
import { customResourceDefinitions, validatingAdmissionPolicies } from '../../src/api/types/resources.ts'
import { Cluster } from '../../src/cluster/embedded.ts'
import { until } from '../support/processes.ts'

let cluster: Cluster

const properties = { max: { type: 'integer' }, port: { 'x-kubernetes-int-or-string': true } }
const limits = {
  group: 'rules.example.com',
  scope: 'Namespaced',
  names: { plural: 'limits', kind: 'Limit' },
  versions: [
    {
      name: 'v1',
      served: true,
      storage: true,
      schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
    },
  ],
}

before(async () => {
  cluster = await Cluster.start({ components: ['apiserver', 'controllers'] })
  await cluster.client
    .of(customResourceDefinitions)
    .create({ metadata: { name: 'limits.rules.example.com' }, spec: limits })
  await until('the custom kind is served', async () => {
    const { status } = await cluster.client.transport.request({ method: 'GET', path: '/apis/rules.example.com/v1' })
    return status === 200
  })
})

after(() => cluster.stop())

const rule = (group: string, ...resources: string[]): NamedRuleWithOperations => {
  return { apiGroups: [group], apiVersions: ['v1'], operations: ['CREATE'], resources }
}
const deployments = [rule('apps', 'deployments')]

interface Row {
  readonly title: string
  readonly rules?: NamedRuleWithOperations[]
  readonly spec?: Partial<ValidatingAdmissionPolicySpec>
  readonly expression: string
  /** Recorded from kube-controller-manager v1.36; undefined: none. */
  readonly warning?: string
}

const rows: Row[] = [
  { title: 'is silent about what is right', expression: 'object.spec.replicas > 1' },
  {
    title: 'knows which fields there are',
    expression: 'object.foo == 1',
    warning: "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'foo'\n | object.foo == 1\n | ......^\n",
  },
  {
    title: 'knows their types',
    expression: "object.spec.replicas > '1'",
    warning:
      "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n | object.spec.replicas > '1'\n | .....................^\n",
  },
  {
    title: 'knows no quantities, which OpenAPI gives no type',
    rules: [rule('', 'pods')],
    expression: "object.spec.overhead['cpu'] == '1'",
    warning:
      "/v1, Kind=Pod: ERROR: <input>:1:12: undefined field 'overhead'\n | object.spec.overhead['cpu'] == '1'\n | ...........^\n",
  },
  { title: 'lets ports be text', rules: [rule('', 'services')], expression: "object.spec.ports[0].targetPort == 'x'" },
  {
    title: 'tells of each kind in their order',
    rules: [rule('apps', 'statefulsets', 'deployments', 'deployments/status')],
    expression: 'object.foo == 1',
    warning:
      "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'foo'\n | object.foo == 1\n | ......^\n\napps/v1, Kind=StatefulSet: ERROR: <input>:1:7: undefined field 'foo'\n | object.foo == 1\n | ......^\n",
  },
  {
    title: 'takes no group for any group',
    rules: [rule('', 'events')],
    expression: 'object.foo == 1',
    warning:
      "/v1, Kind=Event: ERROR: <input>:1:7: undefined field 'foo'\n | object.foo == 1\n | ......^\n\nevents.k8s.io/v1, Kind=Event: ERROR: <input>:1:7: undefined field 'foo'\n | object.foo == 1\n | ......^\n",
  },
  {
    title: 'does not follow schemas that hold themselves',
    rules: [rule('apiextensions.k8s.io', 'customresourcedefinitions')],
    expression: "object.spec.versions[0].schema.openAPIV3Schema.properties['a'].type == 'b'",
    warning:
      "apiextensions.k8s.io/v1, Kind=CustomResourceDefinition: ERROR: <input>:1:63: undefined field 'type'\n | object.spec.versions[0].schema.openAPIV3Schema.properties['a'].type == 'b'\n | ..............................................................^\n",
  },
  { title: 'looks at no rule with a wildcard', rules: [rule('*', 'deployments')], expression: 'object.foo == 1' },
  {
    title: 'knows custom kinds',
    rules: [rule('rules.example.com', 'limits')],
    expression: "object.spec.port == 'x' && object.spec.max == 'x'",
    warning:
      "rules.example.com/v1, Kind=Limit: ERROR: <input>:1:44: found no matching overload for '_==_' applied to '(int, string)'\n | object.spec.port == 'x' && object.spec.max == 'x'\n | ...........................................^\n",
  },
  {
    title: 'knows parameters',
    spec: { paramKind: { apiVersion: 'rules.example.com/v1', kind: 'Limit' } },
    expression: 'params.foo == 1',
    warning: "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'foo'\n | params.foo == 1\n | ......^\n",
  },
  {
    title: 'lets parameters of an unknown kind have any field',
    spec: { paramKind: { apiVersion: 'none.example.com/v1', kind: 'None' } },
    expression: 'params.foo == 1',
  },
  {
    title: 'knows the types of variables, but none of objects',
    spec: {
      variables: [
        { name: 'labels', expression: 'object.spec.template.metadata.labels' },
        { name: 'spec', expression: 'object.spec' },
      ],
    },
    expression: 'variables.spec.foo == 1 && variables.labels > 1',
    warning:
      "apps/v1, Kind=Deployment: ERROR: <input>:1:45: found no matching overload for '_>_' applied to '(map(string, string), int)'\n | variables.spec.foo == 1 && variables.labels > 1\n | ............................................^\n",
  },
  {
    title: 'warns of the requested resource, as upstream does',
    expression: "authorizer.requestResource.check('get').allowed()",
    warning:
      "apps/v1, Kind=Deployment: ERROR: <input>:1:11: unexpected failed resolution of 'kubernetes.authorization.Authorizer'\n | authorizer.requestResource.check('get').allowed()\n | ..........^\n",
  },
]

const policies = () => cluster.client.of(validatingAdmissionPolicies)

for (const [index, { title, rules = deployments, spec, expression, warning }] of rows.entries()) {
  test(`the type check of a policy ${title}`, async () => {
    const name = `p${index}`
    const whole = { matchConstraints: { resourceRules: rules }, validations: [{ expression }], ...spec }
    await policies().create({ metadata: { name }, spec: whole })
    const checked = await until('the policy is checked', async () => {
      const { status } = await policies().get(name)
      return status?.observedGeneration === undefined ? undefined : status
    })
    const warnings = warning === undefined ? undefined : [{ fieldRef: 'spec.validations[0].expression', warning }]
    assert.deepEqual(checked.typeChecking?.expressionWarnings, warnings)
    assert.equal(checked.observedGeneration, 1)
  })
}

test('a policy is checked again when it changes, messages included', async () => {
  const name = 'changes'
  const matchConstraints = { resourceRules: deployments }
  await policies().create({ metadata: { name }, spec: { matchConstraints, validations: [{ expression: 'true' }] } })
  const messageExpression = 'string(object.foo)'
  const validations = [{ expression: 'true', messageExpression }]
  await policies().patch(name, { spec: { validations } }, { type: 'merge' })
  const status = await until('the change is seen', async () => {
    const { status } = await policies().get(name)
    return status?.observedGeneration === 2 ? status : undefined
  })
  const [first] = status.typeChecking?.expressionWarnings ?? []
  assert.equal(first?.fieldRef, 'spec.validations[0].messageExpression')
})
