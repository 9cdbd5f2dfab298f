import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, write } from '../../../test/support/admission.ts'
import { FakeReader } from '../../../test/support/fake-reader.ts'
import { builtInResources } from '../../api/all.ts'
import type { ParamKind, ParamRef } from '../../api/types/admissionregistration/v1.ts'
import {
  mutatingAdmissionPolicyBindings,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from '../../api/types/resources.ts'
import type { AuthorizationAttributes } from '../authorization/authorizer.ts'
import { createRegistry } from '../registry.ts'
import type { AdmissionAttributes } from './admission.ts'
import { parameterPermission } from './parameter-permission.ts'

const secrets: ParamKind = { apiVersion: 'v1', kind: 'Secret' }
const unknown: ParamKind = { apiVersion: 'rules.example.com/v1', kind: 'Limit' }
const policy = (paramKind?: ParamKind) => ({ metadata: { name: 'p' }, spec: paramKind ? { paramKind } : {} })
const binding = (paramRef?: ParamRef, policyName = 'p') => ({
  metadata: { name: 'b' },
  spec: { policyName, ...(paramRef && { paramRef }) },
})
const named: ParamRef = { name: 'limits', namespace: 'shop', parameterNotFoundAction: 'Deny' }
const selected: ParamRef = { selector: {}, parameterNotFoundAction: 'Deny' }

const reader = new FakeReader().put(validatingAdmissionPolicies, policy(secrets), {
  ...policy(unknown),
  metadata: { name: 'of-unknown' },
})

const update = { operation: 'UPDATE' } as const

interface Row {
  readonly title: string
  readonly attributes: AdmissionAttributes
  /** What the user is asked to be allowed; undefined: nothing. */
  readonly asked?: string
  readonly refused?: string
}

const rows: Row[] = [
  {
    title: 'asks nothing of a policy without parameters',
    attributes: write(validatingAdmissionPolicies, { object: policy() }),
  },
  {
    title: 'asks for all objects of the kind',
    attributes: write(validatingAdmissionPolicies, { object: policy(secrets) }),
    asked: 'get /v1/secrets */*',
    refused:
      'ValidatingAdmissionPolicy.admissionregistration.k8s.io "p" is invalid: spec.paramKind: Forbidden: user &{alice  [] map[]} must have "get" permission on all objects of the referenced paramKind (kind=Secret, apiVersion=v1)',
  },
  {
    title: 'asks for all resources of the version where the kind is unknown',
    attributes: write(validatingAdmissionPolicies, { object: policy(unknown) }),
    asked: 'get rules.example.com/v1/* */*',
    refused:
      'ValidatingAdmissionPolicy.admissionregistration.k8s.io "p" is invalid: spec.paramKind: Forbidden: user &{alice  [] map[]} must have "get" permission on all objects of the referenced paramKind (kind=Limit, apiVersion=rules.example.com/v1)',
  },
  {
    title: 'lets a policy change whose parameters stay',
    attributes: write(validatingAdmissionPolicies, { ...update, object: policy(secrets), oldObject: policy(secrets) }),
  },
  {
    title: 'asks again when the parameters change',
    attributes: write(validatingAdmissionPolicies, { ...update, object: policy(secrets), oldObject: policy(unknown) }),
    asked: 'get /v1/secrets */*',
    refused:
      'ValidatingAdmissionPolicy.admissionregistration.k8s.io "p" is invalid: spec.paramKind: Forbidden: user &{alice  [] map[]} must have "get" permission on all objects of the referenced paramKind (kind=Secret, apiVersion=v1)',
  },
  {
    title: 'asks nothing of who may do everything',
    attributes: write(validatingAdmissionPolicies, {
      object: policy(secrets),
      user: { name: 'root', groups: ['system:masters'], extra: {} },
    }),
  },
  {
    title: 'asks nothing when the status changes',
    attributes: write(validatingAdmissionPolicies, { ...update, subresource: 'status', object: policy(secrets) }),
  },
  {
    title: 'asks nothing of a binding without parameters',
    attributes: write(validatingAdmissionPolicyBindings, { object: binding() }),
  },
  {
    title: 'asks for the object that a binding names',
    attributes: write(validatingAdmissionPolicyBindings, { object: binding(named) }),
    asked: 'get /v1/secrets shop/limits',
    refused:
      'ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io "b" is invalid: spec.paramRef: Forbidden: user &{alice  [] map[]} does not have "get" permission on the object referenced by paramRef',
  },
  {
    title: 'asks for a list where a binding selects',
    attributes: write(validatingAdmissionPolicyBindings, { object: binding(selected) }),
    asked: 'list /v1/secrets /',
    refused:
      'ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io "b" is invalid: spec.paramRef: Forbidden: user &{alice  [] map[]} does not have "list" permission on the object referenced by paramRef',
  },
  {
    title: 'asks for everything where there is no policy yet, and has the words of the mutating kind',
    attributes: write(mutatingAdmissionPolicyBindings, { object: binding(named) }),
    asked: 'get */*/* shop/limits',
    refused:
      'MutatingAdmissionPolicyBinding.admissionregistration.k8s.io "b" is invalid: spec.paramRef: Forbidden: unable to get policy p to determine minimum required permissions and user &{alice  [] map[]} does not have "get" permission for all groups, versions and resources',
  },
  {
    title: 'asks for all resources of the version where the kind of a binding is unknown',
    attributes: write(validatingAdmissionPolicyBindings, { object: binding(named, 'of-unknown') }),
    asked: 'get rules.example.com/v1/* shop/limits',
    refused:
      'ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io "b" is invalid: spec.paramRef: Forbidden: unable to resolve paramKind &{rules.example.com/v1 Limit} to determine minimum required permissions and user &{alice  [] map[]} does not have "get" permission for all groups, versions and resources',
  },
]

for (const { title, attributes, asked, refused } of rows) {
  for (const allowed of [true, false]) {
    test(`Permission to read parameters ${title}${allowed ? '' : ', and refuses without it'}`, async () => {
      const questions: string[] = []
      const authorize = ({ verb, group, version, resource, namespace, name }: AuthorizationAttributes) => {
        questions.push(`${verb} ${group}/${version}/${resource} ${namespace}/${name}`)
        return { allowed, reason: '' }
      }
      const plugin = parameterPermission({
        reader,
        registry: createRegistry(builtInResources),
        authorizer: { authorize },
      })
      assert.equal(await refusal(plugin, attributes), allowed ? undefined : refused)
      assert.deepEqual(questions, asked === undefined ? [] : [asked])
    })
  }
}
