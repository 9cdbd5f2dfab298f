import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { allow, deny, startWebhookServer, type WebhookServer } from '../../../test/support/webhook-server.ts'
import type { MutatingWebhook } from '../../api/types/admissionregistration/v1.ts'
import {
  configMaps,
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  mutatingWebhookConfigurations,
  namespaces,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
  validatingWebhookConfigurations,
} from '../../api/types/resources.ts'
import { Cluster } from '../../cluster/embedded.ts'

let cluster: Cluster
let server: WebhookServer
let text: string

const matchConstraints = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
  resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
}

/** One ConfigMap on its way through webhooks and policies of every outcome. */
before(async () => {
  cluster = await Cluster.start({ components: ['apiserver'] })
  server = await startWebhookServer()
  server.responders.set('/allow', allow).set('/deny', deny)
  const { client } = cluster
  await client.of(namespaces).create({ metadata: { name: 'shop' } })
  await addPolicies()
  const down = { clientConfig: { url: 'https://127.0.0.1:1/down' } }
  const condition = (expression: string): Partial<MutatingWebhook> => {
    return { matchConditions: [{ name: 'c', expression }], failurePolicy: 'Ignore' }
  }
  const webhooks = [
    server.webhook('/allow'),
    server.webhook('/down', { ...down, failurePolicy: 'Ignore' }),
    server.webhook('/excluded', condition('false')),
    server.webhook('/wrong', condition('object.data.none == 1')),
  ]
  await client.of(mutatingWebhookConfigurations).create({ metadata: { name: 'test' }, webhooks })
  const denying = [server.webhook('/deny')]
  await client.of(validatingWebhookConfigurations).create({ metadata: { name: 'test' }, webhooks: denying })
  await assert.rejects(client.of(configMaps).create({ metadata: { name: 'a', namespace: 'shop' } }))
  const answer = await client.transport.request({ method: 'GET', path: '/metrics' })
  text = answer.body as string
})

after(async () => {
  server.stop()
  await cluster.stop()
})

async function addPolicies(): Promise<void> {
  const { client } = cluster
  const metadata = { name: 'warns' }
  const policy = { matchConstraints, failurePolicy: 'Ignore' }
  const validations = [{ expression: 'false' }, { expression: 'object.data.none == 1' }]
  await client.of(validatingAdmissionPolicies).create({ metadata, spec: { ...policy, validations } })
  const spec = { policyName: 'warns', validationActions: ['Warn', 'Audit'] }
  await client.of(validatingAdmissionPolicyBindings).create({ metadata, spec })
  const expression = '[JSONPatch{op: "add", path: "/metadata/labels", value: {"a": "b"}}]'
  const mutations = [{ patchType: 'JSONPatch', jsonPatch: { expression } }]
  const mutating = { ...policy, mutations, reinvocationPolicy: 'Never' }
  await client.of(mutatingAdmissionPolicies).create({ metadata: { name: 'labels' }, spec: mutating })
  const binding = { metadata: { name: 'labels' }, spec: { policyName: 'labels' } }
  await client.of(mutatingAdmissionPolicyBindings).create(binding)
}

for (const line of [
  'apiserver_admission_controller_admission_duration_seconds_count{name="NamespaceLifecycle",type="admit",operation="CREATE",rejected="false"}',
  'apiserver_admission_controller_admission_duration_seconds_count{name="ValidatingAdmissionWebhook",type="validate",operation="CREATE",rejected="true"} 1',
  'apiserver_admission_step_admission_duration_seconds_count{type="validate",operation="CREATE",rejected="true"} 1',
  'apiserver_admission_webhook_admission_duration_seconds_count{name="allow.example.com",type="admit",operation="CREATE",rejected="false"} 1',
  'apiserver_admission_webhook_request_total{name="allow.example.com",type="admit",operation="CREATE",rejected="false",code="200"} 1',
  'apiserver_admission_webhook_request_total{name="down.example.com",type="admit",operation="CREATE",rejected="false",code="503"} 1',
  'apiserver_admission_webhook_request_total{name="deny.example.com",type="validating",operation="CREATE",rejected="true",code="400"} 1',
  'apiserver_admission_webhook_rejection_count{name="deny.example.com",type="validating",operation="CREATE",error_type="no_error",rejection_code="400"} 1',
  'apiserver_admission_webhook_fail_open_count{name="down.example.com",type="admit"} 1',
  // Conditions are asked once more in the second round, which the policy has caused.
  'apiserver_admission_match_condition_exclusions_total{name="excluded.example.com",kind="webhook",type="admit",operation="CREATE"} 2',
  'apiserver_admission_match_condition_evaluation_errors_total{name="wrong.example.com",kind="webhook",type="admit",operation="CREATE"} 2',
  'apiserver_admission_match_condition_evaluation_seconds_count{name="excluded.example.com",kind="webhook",type="admit",operation="CREATE"} 2',
  'apiserver_validating_admission_policy_check_total{policy="warns",policy_binding="warns",error_type="invalid_error",enforcement_action="warn"} 1',
  'apiserver_validating_admission_policy_check_total{policy="warns",policy_binding="warns",error_type="invalid_error",enforcement_action="audit"} 1',
  'apiserver_validating_admission_policy_check_total{policy="warns",policy_binding="warns",error_type="invalid_error",enforcement_action="allow"} 1',
  'apiserver_mutating_admission_policy_check_total{policy="labels",policy_binding="labels",error_type="no_error"} 1',
]) {
  test(`counts ${line}`, () => assert.ok(text.includes(`\n${line}`), `among\n${related(line)}`))
}

function related(line: string): string {
  const name = line.slice(0, line.indexOf('{'))
  return text
    .split('\n')
    .filter((each) => each.startsWith(name))
    .join('\n')
}
