import assert from 'node:assert/strict'
import { test } from 'node:test'
import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  Mutation,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../src/api/types/admissionregistration/v1.ts'
import type { Deployment } from '../../src/api/types/apps/v1.ts'
import {
  deployments,
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  replicaSets,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from '../../src/api/types/resources.ts'
import { StatusError } from '../../src/machinery/status.ts'
import { until } from '../support/processes.ts'
import { conformanceCluster } from './api.ts'
import { assertApiOperations } from './api-operations.ts'

const api = conformanceCluster()

const onDeployments: MatchResources = {
  resourceRules: [
    { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] },
  ],
}

/** Deployments of one namespace only, so that tests beside this one are left alone. */
const inNamespace = (namespace: string): MatchResources => ({
  ...onDeployments,
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
})

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
const selector = { matchLabels: { app: 'a' } }

const create = (namespace: string, name: string, replicas: number): Promise<unknown> =>
  api().client.of(deployments).create({ metadata: { name, namespace }, spec: { replicas, selector, template } })

type ValidatingSpec = NonNullable<ValidatingAdmissionPolicy['spec']>

/** Creates policy and binding, and waits until a Deployment of one replica is refused. Answers what is said of it. */
async function enforce(namespace: string, spec: Pick<ValidatingSpec, 'validations' | 'variables'>): Promise<string> {
  const name = `${namespace}.policy.example.com`
  const matchConstraints = inNamespace(namespace)
  await api()
    .client.of(validatingAdmissionPolicies)
    .create({ metadata: { name }, spec: { ...spec, matchConstraints } })
  await api()
    .client.of(validatingAdmissionPolicyBindings)
    .create({ metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } })
  const denied = await until('the policy is enforced', async () => {
    try {
      await create(namespace, api().name('marker'), 1)
      return undefined
    } catch (error) {
      if (error instanceof StatusError && error.reason === 'Invalid') return error
      throw error
    }
  })
  return denied.message
}

async function assertReplicaSetIsAllowed(namespace: string): Promise<void> {
  const object = { metadata: { name: 'non-replicated', namespace }, spec: { replicas: 1, selector, template } }
  await api().client.of(replicaSets).create(object)
}

test('[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should validate against a Deployment [Conformance]', async () => {
  const namespace = await api().namespace()
  const message = await enforce(namespace, {
    validations: [
      {
        expression: 'object.spec.replicas > 1',
        messageExpression: "'wants more, got ' + string(object.spec.replicas)",
      },
      { expression: `namespaceObject.metadata.name == '${namespace}'`, message: 'of another namespace' },
    ],
  })
  assert.match(message, /wants more, got 1/)
  await create(namespace, 'replicated', 2)
  await assertReplicaSetIsAllowed(namespace)
})

test('[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should allow expressions to refer variables. [Conformance]', async () => {
  const namespace = await api().namespace()
  await enforce(namespace, {
    variables: [
      { name: 'replicas', expression: 'object.spec.replicas' },
      { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' },
    ],
    validations: [{ expression: 'variables.replicas > 1' }, { expression: 'variables.oddReplicas' }],
  })
  await create(namespace, 'replicated', 3)
  await assert.rejects(create(namespace, 'even', 2), { reason: 'Invalid' })
  await assertReplicaSetIsAllowed(namespace)
})

test('[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicy API operations [Conformance]', async () => {
  const condition = { type: 'Checked', status: 'True', reason: 'Patched', message: '' }
  const lastTransitionTime = '2024-01-01T00:00:00Z'
  await assertApiOperations<ValidatingAdmissionPolicy>(api(), {
    resource: validatingAdmissionPolicies,
    object: (name) => ({
      metadata: { name },
      spec: {
        // Of Deployments that nobody makes, so that the others are left alone.
        matchConstraints: inNamespace('nobody-has-this'),
        validations: [{ expression: 'object.spec.replicas <= 100' }],
      },
    }),
    subresources: ['status'],
    status: {
      patch: { status: { conditions: [{ ...condition, lastTransitionTime }] } },
      at: 'status.conditions[type=Checked].reason',
      value: 'Patched',
    },
  })
})

test('[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicyBinding API operations [Conformance]', async () => {
  await assertApiOperations<ValidatingAdmissionPolicyBinding>(api(), {
    resource: validatingAdmissionPolicyBindings,
    object: (name) => ({
      metadata: { name },
      spec: { policyName: 'there-is-no-such-policy', validationActions: ['Deny'] },
    }),
  })
})

/** Creates policy and binding, and waits until what is created is mutated. */
async function mutate(expression: string, isMutated: (deployment: Deployment) => boolean): Promise<void> {
  const namespace = await api().namespace()
  const name = `${namespace}.policy.example.com`
  const mutations: Mutation[] = [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }]
  const spec = { matchConstraints: inNamespace(namespace), mutations, reinvocationPolicy: 'Never' }
  await api().client.of(mutatingAdmissionPolicies).create({ metadata: { name }, spec })
  await api()
    .client.of(mutatingAdmissionPolicyBindings)
    .create({ metadata: { name }, spec: { policyName: name } })
  await until('the policy is in force', async () =>
    isMutated((await create(namespace, api().name('marker'), 1)) as Deployment),
  )
}

test('[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should mutate a Deployment [Conformance]', async () => {
  await mutate('Object{spec: Object.spec{replicas: 1337}}', ({ spec }) => spec?.replicas === 1_337)
})

test('[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should mutate a Deployment with annotations [Conformance]', async () => {
  const annotations = '{"mutated-by": "admission-policy"}'
  await mutate(
    `Object{metadata: Object.metadata{annotations: ${annotations}}}`,
    ({ metadata }) => metadata?.annotations?.['mutated-by'] === 'admission-policy',
  )
})

test('[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicy API operations [Conformance]', async () => {
  const expression = 'Object{spec: Object.spec{replicas: 100}}'
  await assertApiOperations<MutatingAdmissionPolicy>(api(), {
    resource: mutatingAdmissionPolicies,
    object: (name) => ({
      metadata: { name },
      spec: {
        matchConstraints: inNamespace('nobody-has-this'),
        mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
        reinvocationPolicy: 'Never',
      },
    }),
  })
})

test('[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicyBinding API operations [Conformance]', async () => {
  await assertApiOperations<MutatingAdmissionPolicyBinding>(api(), {
    resource: mutatingAdmissionPolicyBindings,
    object: (name) => ({ metadata: { name }, spec: { policyName: 'there-is-no-such-policy' } }),
  })
})
