import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { labelSelectorMatcher, SelectorError } from '../../machinery/selectors.ts'
import { goForm } from '../go-form/go-form.ts'
import type { DaemonSet, Deployment, ReplicaSet } from '../types/apps/v1.ts'
import type { PodTemplateSpec, ReplicationController } from '../types/core/v1.ts'
import type { LabelSelector } from '../types/meta/v1.ts'
import { checkImmutable, checkNonNegative } from './checks.ts'
import { checkLabelSelector, isEmptySelector } from './label-selector.ts'
import { checkPodTemplate } from './pod.ts'

/** Everything that keeps Pods running. After pkg/apis/apps/validation. */

type IntOrString = number | string | undefined

const percentForm = /^[0-9]+%$/

export function checkIntOrPercent(value: IntOrString, path: string, errors: FieldError[]): void {
  if (typeof value === 'number') checkNonNegative(value, path, errors)
  else if (value !== undefined && !percentForm.test(value)) {
    const why = `a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')`
    errors.push(invalidField(path, value, why))
  }
}

export function checkAtMostWhole(value: IntOrString, path: string, errors: FieldError[]): void {
  if (typeof value === 'string' && percentForm.test(value) && Number.parseInt(value, 10) > 100) {
    errors.push(invalidField(path, value, 'must not be greater than 100%'))
  }
}

/** What is no number counts as none, as upstream reads it. */
const isZero = (value: IntOrString) => (Number.parseInt(String(value ?? 0), 10) || 0) === 0

export interface SelectorRules {
  readonly selector: DeepReadonly<LabelSelector> | undefined
  readonly template: DeepReadonly<PodTemplateSpec> | undefined
  /** How the kind is called in the error of an empty selector. */
  readonly called: string
}

export function checkSelector({ selector, called }: SelectorRules, path: string, errors: FieldError[]): void {
  if (!selector) return void errors.push(requiredField(path))
  checkLabelSelector(selector, path, errors)
  if (isEmptySelector(selector)) errors.push(invalidField(path, selector, `empty selector is invalid for ${called}`))
}

/** Whether a selector picks these labels; `undefined` when it cannot be read. No selector picks nothing. */
export function selectorMatches(
  selector: DeepReadonly<LabelSelector> | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean | undefined {
  try {
    return labelSelectorMatcher(selector)(labels)
  } catch (error) {
    if (error instanceof SelectorError) return undefined
    throw error
  }
}

const unmatched = '`selector` does not match template `labels`'

/** The template must have what its own selector asks for. */
export function checkTemplateLabels({ selector, template }: SelectorRules, path: string, errors: FieldError[]): void {
  // No selector at all matches nothing.
  const isAsked = !selector || !isEmptySelector(selector)
  const labels = template?.metadata?.labels
  if (isAsked && selectorMatches(selector, labels) === false) {
    errors.push(invalidField(`${path}.metadata.labels`, labels ?? null, unmatched))
  }
}

export function checkRunsForever(
  template: DeepReadonly<PodTemplateSpec> | undefined,
  kind: string,
  path: string,
  errors: FieldError[],
): void {
  const { restartPolicy = '', activeDeadlineSeconds } = template?.spec ?? {}
  if (restartPolicy !== 'Always') {
    errors.push(notSupportedField(`${path}.spec.restartPolicy`, restartPolicy, ['Always']))
  }
  if (activeDeadlineSeconds !== undefined) {
    const why = `activeDeadlineSeconds in ${kind} is not Supported`
    errors.push(forbiddenField(`${path}.spec.activeDeadlineSeconds`, why))
  }
}

/** The selector and template of a ReplicaSet, which are those of a Deployment too. */
function checkReplicaTemplate(rules: SelectorRules, errors: FieldError[]): void {
  checkSelector(rules, 'spec.selector', errors)
  if (rules.selector && selectorMatches(rules.selector, undefined) === undefined) {
    return void errors.push(invalidField('spec.selector', rules.selector, 'invalid label selector'))
  }
  checkTemplateLabels(rules, 'spec.template', errors)
  checkPodTemplate(rules.template, 'spec.template', errors)
  checkRunsForever(rules.template, 'ReplicaSet', 'spec.template', errors)
}

export function validateReplicaSet({ spec }: DeepReadonly<ReplicaSet>): FieldError[] {
  const errors: FieldError[] = []
  checkNonNegative(spec?.replicas, 'spec.replicas', errors)
  checkNonNegative(spec?.minReadySeconds, 'spec.minReadySeconds', errors)
  checkReplicaTemplate({ selector: spec?.selector, template: spec?.template, called: 'deployment' }, errors)
  return errors
}

interface Selecting {
  readonly spec?: { readonly selector?: DeepReadonly<LabelSelector> }
}

function checkSameSelector(object: Selecting, old: Selecting, errors: FieldError[]): void {
  const { selector } = object.spec ?? {}
  checkImmutable(isDeepStrictEqual(selector, old.spec?.selector), selector ?? null, 'spec.selector', errors)
}

export function validateReplicaSetUpdate(
  object: DeepReadonly<ReplicaSet>,
  old: DeepReadonly<ReplicaSet>,
): FieldError[] {
  const errors = validateReplicaSet(object)
  checkSameSelector(object, old, errors)
  return errors
}

export function validateDeployment({ spec }: DeepReadonly<Deployment>): FieldError[] {
  const errors: FieldError[] = []
  checkNonNegative(spec?.replicas, 'spec.replicas', errors)
  checkReplicaTemplate({ selector: spec?.selector, template: spec?.template, called: 'deployment' }, errors)
  checkDeploymentStrategy(spec?.strategy, errors)
  const { minReadySeconds = 0, progressDeadlineSeconds } = spec ?? {}
  checkNonNegative(minReadySeconds, 'spec.minReadySeconds', errors)
  checkNonNegative(spec?.revisionHistoryLimit, 'spec.revisionHistoryLimit', errors)
  const deadline = 'spec.progressDeadlineSeconds'
  checkNonNegative(progressDeadlineSeconds, deadline, errors)
  if (progressDeadlineSeconds !== undefined && progressDeadlineSeconds <= minReadySeconds) {
    errors.push(invalidField(deadline, progressDeadlineSeconds, 'must be greater than minReadySeconds'))
  }
  return errors
}

interface RollingStrategy {
  readonly type?: string
  readonly rollingUpdate?: { readonly maxUnavailable?: number | string; readonly maxSurge?: number | string }
}

function checkDeploymentStrategy(strategy: RollingStrategy = {}, errors: FieldError[]): void {
  const { type, rollingUpdate } = strategy
  const path = 'spec.strategy'
  if (type === 'Recreate') {
    const why = "may not be specified when strategy `type` is 'Recreate'"
    if (rollingUpdate) errors.push(forbiddenField(`${path}.rollingUpdate`, why))
    return
  }
  if (type !== 'RollingUpdate') {
    return void errors.push(
      notSupportedField(path, goForm('DeploymentStrategy', strategy), ['Recreate', 'RollingUpdate']),
    )
  }
  const { maxUnavailable, maxSurge } = rollingUpdate ?? {}
  const at = `${path}.rollingUpdate`
  checkIntOrPercent(maxUnavailable, `${at}.maxUnavailable`, errors)
  checkIntOrPercent(maxSurge, `${at}.maxSurge`, errors)
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    errors.push(invalidField(`${at}.maxUnavailable`, maxUnavailable ?? 0, 'may not be 0 when `maxSurge` is 0'))
  }
  checkAtMostWhole(maxUnavailable, `${at}.maxUnavailable`, errors)
}

export function validateDeploymentUpdate(
  object: DeepReadonly<Deployment>,
  old: DeepReadonly<Deployment>,
): FieldError[] {
  const errors = validateDeployment(object)
  checkSameSelector(object, old, errors)
  return errors
}

export function validateDaemonSet({ spec }: DeepReadonly<DaemonSet>): FieldError[] {
  const errors: FieldError[] = []
  const selector = spec?.selector
  checkLabelSelector(selector, 'spec.selector', errors)
  const labels = spec?.template?.metadata?.labels
  if (selectorMatches(selector, labels) === false) {
    errors.push(invalidField('spec.template.metadata.labels', labels ?? null, unmatched))
  }
  if (selector && isEmptySelector(selector)) {
    errors.push(invalidField('spec.selector', selector, 'empty selector is invalid for daemonset'))
  }
  checkPodTemplate(spec?.template, 'spec.template', errors)
  checkRunsForever(spec?.template, 'DaemonSet', 'spec.template', errors)
  checkNonNegative(spec?.minReadySeconds, 'spec.minReadySeconds', errors)
  checkDaemonStrategy(spec?.updateStrategy, errors)
  checkNonNegative(spec?.revisionHistoryLimit, 'spec.revisionHistoryLimit', errors)
  return errors
}

function checkDaemonStrategy(strategy: RollingStrategy = {}, errors: FieldError[]): void {
  const path = 'spec.updateStrategy'
  if (strategy.type === 'OnDelete') return
  if (strategy.type !== 'RollingUpdate') {
    return void errors.push(
      notSupportedField(path, goForm('DaemonSetUpdateStrategy', strategy), ['RollingUpdate', 'OnDelete']),
    )
  }
  if (!strategy.rollingUpdate) return void errors.push(requiredField(`${path}.rollingUpdate`))
  const { maxUnavailable, maxSurge } = strategy.rollingUpdate
  const at = `${path}.rollingUpdate`
  checkIntOrPercent(maxUnavailable, `${at}.maxUnavailable`, errors)
  checkIntOrPercent(maxSurge, `${at}.maxSurge`, errors)
  checkAtMostWhole(maxUnavailable, `${at}.maxUnavailable`, errors)
  checkAtMostWhole(maxSurge, `${at}.maxSurge`, errors)
  if (!isZero(maxUnavailable) && !isZero(maxSurge)) {
    errors.push(invalidField(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'))
  } else if (isZero(maxUnavailable) && isZero(maxSurge)) {
    errors.push(requiredField(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'))
  }
}

export function validateDaemonSetUpdate(object: DeepReadonly<DaemonSet>, old: DeepReadonly<DaemonSet>): FieldError[] {
  const errors: FieldError[] = []
  checkSameSelector(object, old, errors)
  return [...errors, ...validateDaemonSet(object)]
}

export function validateReplicationController({ spec }: DeepReadonly<ReplicationController>): FieldError[] {
  const errors: FieldError[] = []
  checkNonNegative(spec?.minReadySeconds, 'spec.minReadySeconds', errors)
  const selector = spec?.selector ?? {}
  if (Object.keys(selector).length === 0) errors.push(requiredField('spec.selector'))
  if (spec?.replicas === undefined) errors.push(requiredField('spec.replicas'))
  else checkNonNegative(spec.replicas, 'spec.replicas', errors)
  if (!spec?.template) return [...errors, requiredField('spec.template')]
  const labels: Readonly<Record<string, string>> = spec.template.metadata?.labels ?? {}
  if (Object.entries(selector).some(([key, value]) => labels[key] !== value)) {
    errors.push(invalidField('spec.template.metadata.labels', spec.template.metadata?.labels ?? null, unmatched))
  }
  checkPodTemplate(spec.template, 'spec.template', errors)
  checkRunsForever(spec.template, 'ReplicationController', 'spec.template', errors)
  return errors
}
