import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { annotationsErrors } from '../../machinery/object-metadata.ts'
import { goForm } from '../go-form/go-form.ts'
import type { StatefulSet, StatefulSetSpec } from '../types/apps/v1.ts'
import type { PodTemplateSpec, Volume } from '../types/core/v1.ts'
import { checkLabelForm, checkLabels, checkNonNegative } from './checks.ts'
import { checkPodTemplate } from './pod.ts'
import { checkPodAnnotations } from './pod-annotations.ts'
import { checkVolumeClaimSpec } from './volume-claim.ts'
import { checkRunsForever, checkSelector, checkTemplateLabels, selectorMatches } from './workloads.ts'

/** After pkg/apis/apps/validation ValidateStatefulSet v1.36. */

interface StatefulSetRules {
  /** The service's name and the claims cannot change: what is there may stay. */
  readonly isUpdate: boolean
  readonly skipsTemplate: boolean
}

export function validateStatefulSet({ spec }: DeepReadonly<StatefulSet>): FieldError[] {
  const errors: FieldError[] = []
  if (spec) checkStatefulSetSpec(spec, { isUpdate: false, skipsTemplate: false }, errors)
  return errors
}

function checkStatefulSetSpec(
  spec: DeepReadonly<StatefulSetSpec>,
  { isUpdate, skipsTemplate }: StatefulSetRules,
  errors: FieldError[],
): void {
  checkStatefulPolicies(spec, errors)
  if (!isUpdate) {
    spec.volumeClaimTemplates?.forEach((claim, index) => {
      checkVolumeClaimSpec(claim.spec ?? {}, `spec.volumeClaimTemplates[${index}].spec`, errors)
    })
  }
  checkNonNegative(spec.replicas, 'spec.replicas', errors)
  checkNonNegative(spec.minReadySeconds, 'spec.minReadySeconds', errors)
  checkNonNegative(spec.ordinals?.start, 'spec.ordinals.start', errors)
  if (!isUpdate && spec.serviceName) checkLabelForm(spec.serviceName, 'spec.serviceName', errors)
  const rules = { selector: spec.selector, template: withClaimVolumes(spec), called: 'statefulset' }
  checkSelector(rules, 'spec.selector', errors)
  if (spec.selector && selectorMatches(spec.selector, undefined) === undefined) {
    errors.push(invalidField('spec.selector', spec.selector, ''))
  } else {
    checkTemplateLabels(rules, 'spec.template', errors)
    if (!skipsTemplate) checkPodTemplate(rules.template, 'spec.template', errors)
    checkTemplateMetadata(rules.template, 'spec.template', errors)
  }
  checkRunsForever(spec.template, 'StatefulSet', 'spec.template', errors)
}

/** Upstream looks at these a second time. */
function checkTemplateMetadata(
  { metadata, spec = { containers: [] } }: DeepReadonly<PodTemplateSpec> = {},
  path: string,
  errors: FieldError[],
): void {
  checkLabels(metadata?.labels, `${path}.labels`, errors)
  const { annotations } = metadata ?? {}
  if (!annotations) return
  errors.push(...annotationsErrors(annotations, `${path}.annotations`))
  checkPodAnnotations({ annotations, spec, path: `${path}.annotations` }, errors)
}

function checkStatefulPolicies(spec: DeepReadonly<StatefulSetSpec>, errors: FieldError[]): void {
  const { podManagementPolicy = '', updateStrategy, persistentVolumeClaimRetentionPolicy: retention } = spec
  if (podManagementPolicy === '') errors.push(requiredField('spec.podManagementPolicy'))
  else if (podManagementPolicy !== 'OrderedReady' && podManagementPolicy !== 'Parallel') {
    errors.push(invalidField('spec.podManagementPolicy', podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"))
  }
  const { type = '', rollingUpdate } = updateStrategy ?? {}
  if (type === '') errors.push(requiredField('spec.updateStrategy'))
  else if (type === 'OnDelete') {
    if (rollingUpdate) {
      const shown = goForm('RollingUpdateStatefulSetStrategy', rollingUpdate)
      const why = "only allowed for updateStrategy 'RollingUpdate'"
      errors.push(invalidField('spec.updateStrategy.rollingUpdate', shown, why))
    }
  } else if (type === 'RollingUpdate') {
    checkNonNegative(rollingUpdate?.partition, 'spec.updateStrategy.rollingUpdate.partition', errors)
  } else {
    const shown = goForm('StatefulSetUpdateStrategy', updateStrategy ?? {})
    errors.push(invalidField('spec.updateStrategy', shown, "must be 'RollingUpdate' or 'OnDelete'"))
  }
  for (const field of ['whenDeleted', 'whenScaled'] as const) {
    const policy = retention?.[field] ?? ''
    if (policy === 'Retain' || policy === 'Delete') continue
    errors.push(notSupportedField(`spec.persistentVolumeClaimRetentionPolicy.${field}`, policy, ['Retain', 'Delete']))
  }
}

/** The template as its Pods will have it: each claim of the set is a volume by its name. */
function withClaimVolumes({
  template,
  volumeClaimTemplates,
}: DeepReadonly<StatefulSetSpec>): DeepReadonly<PodTemplateSpec> | undefined {
  if (!template?.spec) return template
  const names = new Set((volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name ?? ''))
  const claims = [...names].map((name): Volume => ({ name, persistentVolumeClaim: { claimName: name } }))
  const volumes = [...claims, ...(template.spec.volumes ?? []).filter(({ name }) => !names.has(name))]
  const { subdomain: _subdomain, hostname: _hostname, ...spec } = template.spec
  return { ...template, spec: { ...spec, volumes } }
}

const mutableStatefulFields = [
  'replicas',
  'template',
  'updateStrategy',
  'minReadySeconds',
  'ordinals',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
] as const

export function validateStatefulSetUpdate(
  object: DeepReadonly<StatefulSet>,
  old: DeepReadonly<StatefulSet>,
): FieldError[] {
  const errors: FieldError[] = []
  const before: FieldError[] = []
  if (old.spec) checkStatefulSetSpec(old.spec, { isUpdate: true, skipsTemplate: false }, before)
  // What was let in under older rules may stay.
  if (object.spec) checkStatefulSetSpec(object.spec, { isUpdate: true, skipsTemplate: before.length > 0 }, errors)
  const fixed = (spec: DeepReadonly<StatefulSetSpec> | undefined) =>
    Object.fromEntries(
      Object.entries(spec ?? {}).filter(([name]) => !mutableStatefulFields.some((field) => field === name)),
    )
  if (!isDeepStrictEqual(fixed(object.spec), fixed(old.spec))) {
    const why =
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
    errors.push(forbiddenField('spec', why))
  }
  return errors
}
