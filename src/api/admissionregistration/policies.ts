import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, integer, nameColumn, text } from '../printing.ts'
import { resetMetadataForStatus } from '../strategy.ts'
import type { MatchResources, ParamKind, ParamRef } from '../types/admissionregistration/v1.ts'
import {
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from '../types/resources.ts'
import {
  validateMutatingAdmissionPolicyBinding,
  validateValidatingAdmissionPolicyBinding,
} from '../validation/admissionregistration/bindings.ts'
import {
  validateMutatingAdmissionPolicy,
  validateMutatingAdmissionPolicyUpdate,
} from '../validation/admissionregistration/mutating-admission-policy.ts'
import {
  validateValidatingAdmissionPolicy,
  validateValidatingAdmissionPolicyStatus,
  validateValidatingAdmissionPolicyUpdate,
} from '../validation/admissionregistration/validating-admission-policy.ts'
import { everyKind } from './every-kind.ts'

function applyMatchDefaults(match: MatchResources | undefined): void {
  if (!match) return
  match.matchPolicy ??= 'Equivalent'
  match.namespaceSelector ??= {}
  match.objectSelector ??= {}
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])]) rule.scope ??= '*'
}

function paramKindText(kind: DeepReadonly<ParamKind> | undefined): string {
  return kind ? `${kind.apiVersion ?? ''}/${kind.kind ?? ''}` : '<unset>'
}

function paramRefText(ref: DeepReadonly<ParamRef> | undefined): string {
  return ref?.name ? `${ref.namespace || '*'}/${ref.name}` : '<unset>'
}

export const validatingAdmissionPolicy = define(validatingAdmissionPolicies, {
  applyDefaults: ({ spec }) => {
    if (!spec) return
    spec.failurePolicy ??= 'Fail'
    applyMatchDefaults(spec.matchConstraints)
  },
  ...everyKind,
  validate: validateValidatingAdmissionPolicy,
  validateUpdate: validateValidatingAdmissionPolicyUpdate,
  status: {
    prepareForUpdate: resetMetadataForStatus,
    resetFields: [['metadata']],
    metadataChecksOnUpdate: [],
    validateUpdate: validateValidatingAdmissionPolicyStatus,
  },
  columns: [
    nameColumn,
    integer('Validations', (object) => object.spec?.validations?.length),
    text('ParamKind', (object) => paramKindText(object.spec?.paramKind)),
    ageColumn,
  ],
})

export const mutatingAdmissionPolicy = define(mutatingAdmissionPolicies, {
  applyDefaults: ({ spec }) => {
    if (!spec) return
    spec.failurePolicy ??= 'Fail'
    applyMatchDefaults(spec.matchConstraints)
  },
  ...everyKind,
  validate: validateMutatingAdmissionPolicy,
  validateUpdate: validateMutatingAdmissionPolicyUpdate,
  columns: [
    nameColumn,
    integer('Mutations', (object) => object.spec?.mutations?.length),
    text('ParamKind', (object) => paramKindText(object.spec?.paramKind)),
    ageColumn,
  ],
})

export const validatingAdmissionPolicyBinding = define(validatingAdmissionPolicyBindings, {
  applyDefaults: ({ spec }) => applyMatchDefaults(spec?.matchResources),
  ...everyKind,
  validate: validateValidatingAdmissionPolicyBinding,
  validateUpdate: validateValidatingAdmissionPolicyBinding,
  columns: [
    nameColumn,
    text('PolicyName', (object) => object.spec?.policyName ?? ''),
    text('ParamRef', (object) => paramRefText(object.spec?.paramRef)),
    ageColumn,
  ],
})

export const mutatingAdmissionPolicyBinding = define(mutatingAdmissionPolicyBindings, {
  applyDefaults: ({ spec }) => applyMatchDefaults(spec?.matchResources),
  ...everyKind,
  validate: validateMutatingAdmissionPolicyBinding,
  validateUpdate: validateMutatingAdmissionPolicyBinding,
  columns: [
    nameColumn,
    text('PolicyName', (object) => object.spec?.policyName ?? ''),
    text('ParamRef', (object) => paramRefText(object.spec?.paramRef)),
    ageColumn,
  ],
})
