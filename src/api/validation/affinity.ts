import type { FieldError } from '../../machinery/errors.ts'
import {
  duplicateField,
  forbiddenField,
  invalidField,
  notSupportedField,
  requiredField,
} from '../../machinery/field-errors.ts'
import { labelKeyErrors, labelValueErrors } from '../../machinery/label-syntax.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { goForm } from '../go-form/go-form.ts'
import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  Taint,
  Toleration,
  TopologySpreadConstraint,
} from '../types/core/v1.ts'
import type { LabelSelector } from '../types/meta/v1.ts'
import { checkForm, checkOneOf, checkQualifiedName, checkRequiredOneOf } from './checks.ts'
import { labelFormErrors, subdomainNameErrors } from './formats.ts'
import { checkLabelSelector } from './label-selector.ts'

/** What says where Pods may run. After pkg/apis/core/validation validateAffinity and its neighbours. */

function checkNodeRequirement(
  { key = '', operator = '', values = [] }: DeepReadonly<Partial<NodeSelectorRequirement>>,
  path: string,
  errors: FieldError[],
): void {
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) {
      errors.push(requiredField(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
    }
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) {
      const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
      errors.push(forbiddenField(`${path}.values`, why))
    }
  } else if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1) {
      errors.push(requiredField(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
    }
  } else errors.push(invalidField(`${path}.operator`, operator, 'not a valid selector operator'))
  checkQualifiedName(key, `${path}.key`, errors)
  values.forEach((value, index) => {
    checkForm(labelValueErrors, value, `${path}.values[${index}]`, errors)
  })
}

function checkNodeFieldRequirement(
  { key = '', operator = '', values = [] }: DeepReadonly<Partial<NodeSelectorRequirement>>,
  path: string,
  errors: FieldError[],
): void {
  if (operator !== 'In' && operator !== 'NotIn') {
    errors.push(invalidField(`${path}.operator`, operator, 'not a valid selector operator'))
  } else if (values.length !== 1) {
    const why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
    errors.push(requiredField(`${path}.values`, why))
  }
  if (key !== 'metadata.name') errors.push(invalidField(`${path}.key`, key, 'not a valid field selector key'))
  else {
    values.forEach((value, index) => {
      checkForm(subdomainNameErrors, value, `${path}.values[${index}]`, errors)
    })
  }
}

function checkNodeTerm(term: DeepReadonly<NodeSelectorTerm>, path: string, errors: FieldError[]): void {
  term.matchExpressions?.forEach((requirement, index) => {
    checkNodeRequirement(requirement, `${path}.matchExpressions[${index}]`, errors)
  })
  term.matchFields?.forEach((requirement, index) => {
    checkNodeFieldRequirement(requirement, `${path}.matchFields[${index}]`, errors)
  })
}

export function checkNodeSelector(selector: DeepReadonly<NodeSelector>, path: string, errors: FieldError[]): void {
  const terms = selector.nodeSelectorTerms ?? []
  const at = `${path}.nodeSelectorTerms`
  if (terms.length === 0) errors.push(requiredField(at, 'must have at least one node selector term'))
  terms.forEach((term, index) => {
    checkNodeTerm(term, `${at}[${index}]`, errors)
  })
}

const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

export function checkAffinity(affinity: DeepReadonly<Affinity> | undefined, path: string, errors: FieldError[]): void {
  const node = affinity?.nodeAffinity
  if (node) {
    const at = `${path}.nodeAffinity`
    if (node[required]) checkNodeSelector(node[required], `${at}.${required}`, errors)
    node[preferred]?.forEach(({ weight, preference }, index) => {
      const term = `${at}.${preferred}[${index}]`
      checkWeight(weight, `${term}.weight`, errors)
      checkNodeTerm(preference ?? {}, `${term}.preference`, errors)
    })
  }
  if (affinity?.podAffinity) checkPodAffinity(affinity.podAffinity, `${path}.podAffinity`, errors)
  if (affinity?.podAntiAffinity) checkPodAffinity(affinity.podAntiAffinity, `${path}.podAntiAffinity`, errors)
}

function checkWeight(weight: number | undefined, path: string, errors: FieldError[]): void {
  const value = weight ?? 0
  if (value <= 0 || value > 100) errors.push(invalidField(path, value, 'must be in the range 1-100'))
}

function checkPodAffinity(affinity: DeepReadonly<PodAffinity>, path: string, errors: FieldError[]): void {
  affinity[required]?.forEach((term, index) => {
    checkPodTerm(term, `${path}.${required}[${index}]`, errors)
  })
  affinity[preferred]?.forEach(({ weight, podAffinityTerm }, index) => {
    const at = `${path}.${preferred}[${index}]`
    checkWeight(weight, `${at}.weight`, errors)
    checkPodTerm(podAffinityTerm ?? { topologyKey: '' }, `${at}.podAffinityTerm`, errors)
  })
}

function checkPodTerm(term: DeepReadonly<PodAffinityTerm>, path: string, errors: FieldError[]): void {
  checkLabelSelector(term.labelSelector, `${path}.labelSelector`, errors)
  checkLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`, errors)
  for (const name of term.namespaces ?? []) checkForm(labelFormErrors, name, `${path}.namespace`, errors)
  checkMatchLabelKeys(term, path, errors)
  if (!term.topologyKey) errors.push(requiredField(`${path}.topologyKey`, 'can not be empty'))
  checkForm(labelKeyErrors, term.topologyKey ?? '', `${path}.topologyKey`, errors)
}

interface MatchLabelKeys {
  readonly matchLabelKeys?: readonly string[]
  readonly mismatchLabelKeys?: readonly string[]
  readonly labelSelector?: DeepReadonly<LabelSelector>
}

function checkMatchLabelKeys(term: MatchLabelKeys, path: string, errors: FieldError[]): void {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term
  checkKeys(matchLabelKeys, labelSelector, `${path}.matchLabelKeys`, errors)
  checkKeys(mismatchLabelKeys, labelSelector, `${path}.mismatchLabelKeys`, errors)
  const selected = new Set(Object.keys(labelSelector?.matchLabels ?? {}))
  for (const { key } of labelSelector?.matchExpressions ?? []) {
    const index = matchLabelKeys.lastIndexOf(key)
    if (index >= 0 && selected.has(key)) {
      errors.push(invalidField(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector'))
    }
    selected.add(key)
  }
  matchLabelKeys.forEach((key, index) => {
    if (!mismatchLabelKeys.includes(key)) return
    const why = 'exists in both matchLabelKeys and mismatchLabelKeys'
    errors.push(invalidField(`${path}.matchLabelKeys[${index}]`, key, why))
  })
}

function checkKeys(keys: readonly string[], selector: object | undefined, path: string, errors: FieldError[]): void {
  if (keys.length > 0 && !selector) {
    return void errors.push(forbiddenField(path, 'must not be specified when labelSelector is not set'))
  }
  keys.forEach((key, index) => {
    checkForm(labelKeyErrors, key, `${path}[${index}]`, errors)
  })
}

export function checkTopologySpread(
  constraints: readonly DeepReadonly<TopologySpreadConstraint>[] | undefined,
  path: string,
  errors: FieldError[],
): void {
  constraints?.forEach((constraint, index) => {
    const at = `${path}[${index}]`
    const { maxSkew = 0, topologyKey = '', whenUnsatisfiable = '' } = constraint as Partial<typeof constraint>
    if (maxSkew <= 0) errors.push(invalidField(`${at}.maxSkew`, maxSkew, 'must be greater than zero'))
    if (topologyKey === '') errors.push(requiredField(`${at}.topologyKey`, 'can not be empty'))
    checkOneOf(whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway'], `${at}.whenUnsatisfiable`, errors)
    const isRepeated = constraints
      .slice(index + 1)
      .some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable)
    if (isRepeated) {
      errors.push(duplicateField(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`))
    }
    checkMinDomains(constraint, at, errors)
    for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      if (constraint[field] !== undefined) checkOneOf(constraint[field], ['Honor', 'Ignore'], `${at}.${field}`, errors)
    }
    checkMatchLabelKeys(constraint, at, errors)
    checkLabelSelector(constraint.labelSelector, `${at}.labelSelector`, errors)
  })
}

function checkMinDomains(
  { minDomains, whenUnsatisfiable = '' }: DeepReadonly<Partial<TopologySpreadConstraint>>,
  path: string,
  errors: FieldError[],
): void {
  if (minDomains === undefined) return
  if (minDomains <= 0) errors.push(invalidField(`${path}.minDomains`, minDomains, 'must be greater than zero'))
  if (whenUnsatisfiable !== 'DoNotSchedule') {
    const why = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`
    errors.push(invalidField(`${path}.minDomains`, minDomains, why))
  }
}

const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

export function checkTolerations(
  tolerations: readonly DeepReadonly<Toleration>[] | undefined,
  path: string,
  errors: FieldError[],
): void {
  tolerations?.forEach((toleration, index) => {
    checkToleration(toleration, `${path}[${index}]`, errors)
  })
}

function checkToleration(toleration: DeepReadonly<Toleration>, path: string, errors: FieldError[]): void {
  const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = toleration
  if (key !== '') checkForm(labelKeyErrors, key, `${path}.key`, errors)
  else if (operator !== 'Exists') {
    const why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
    errors.push(invalidField(`${path}.operator`, operator, why))
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    errors.push(invalidField(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
  }
  if (operator === 'Equal' || operator === '') {
    const why = labelValueErrors(value)
    if (why.length > 0) errors.push(invalidField(`${path}.operator`, value, why.join(';')))
  } else if (operator === 'Exists') {
    if (value !== '')
      errors.push(invalidField(`${path}.operator`, value, "value must be empty when `operator` is 'Exists'"))
  } else {
    const isComparison = operator === 'Lt' || operator === 'Gt'
    const supported = ['Equal', 'Exists', ...(isComparison ? ['Lt', 'Gt'] : [])]
    errors.push(notSupportedField(`${path}.operator`, operator, supported))
  }
  if (effect !== '') checkOneOf(effect, taintEffects, `${path}.effect`, errors)
}

/** The taints of a node. After validateNodeTaints. */
export function checkTaints(
  taints: readonly DeepReadonly<Taint>[] | undefined,
  path: string,
  errors: FieldError[],
): void {
  const seen = new Set<string>()
  taints?.forEach(({ key = '', value = '', effect, timeAdded }, index) => {
    const at = `${path}[${index}]`
    checkForm(labelKeyErrors, key, `${at}.key`, errors)
    const why = labelValueErrors(value)
    if (why.length > 0) errors.push(invalidField(`${at}.value`, value, why.join(';')))
    checkRequiredOneOf(effect, taintEffects, `${at}.effect`, errors)
    const id = `${key}=${effect}`
    if (seen.has(id)) {
      const { detail } = duplicateField(at, goForm('Taint', { key, value, effect, timeAdded }))
      const why = 'taints must be unique by key and effect pair'
      errors.push({ type: 'FieldValueDuplicate', field: at, detail: `${detail}: ${why}` })
    }
    seen.add(id)
  })
}
