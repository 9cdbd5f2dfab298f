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
  generationFields: ['spec'],
  allowUnconditionalUpdate: false,
  status: { prepareForUpdate: resetMetadataForStatus, resetFields: [['metadata']] },
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
  generationFields: ['spec'],
  allowUnconditionalUpdate: false,
  columns: [
    nameColumn,
    integer('Mutations', (object) => object.spec?.mutations?.length),
    text('ParamKind', (object) => paramKindText(object.spec?.paramKind)),
    ageColumn,
  ],
})

export const validatingAdmissionPolicyBinding = define(validatingAdmissionPolicyBindings, {
  applyDefaults: ({ spec }) => applyMatchDefaults(spec?.matchResources),
  generationFields: ['spec'],
  allowUnconditionalUpdate: false,
  columns: [
    nameColumn,
    text('PolicyName', (object) => object.spec?.policyName ?? ''),
    text('ParamRef', (object) => paramRefText(object.spec?.paramRef)),
    ageColumn,
  ],
})

export const mutatingAdmissionPolicyBinding = define(mutatingAdmissionPolicyBindings, {
  applyDefaults: ({ spec }) => applyMatchDefaults(spec?.matchResources),
  generationFields: ['spec'],
  allowUnconditionalUpdate: false,
  columns: [
    nameColumn,
    text('PolicyName', (object) => object.spec?.policyName ?? ''),
    text('ParamRef', (object) => paramRefText(object.spec?.paramRef)),
    ageColumn,
  ],
})
