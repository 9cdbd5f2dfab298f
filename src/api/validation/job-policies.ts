import type { FieldError } from '../../machinery/errors.ts'
import {
  duplicateField,
  invalidField,
  invalidWithoutValue,
  requiredField,
  tooLongField,
  tooManyField,
} from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { goForm } from '../go-form/go-form.ts'
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from '../types/batch/v1.ts'
import { checkNonNegative, checkOneOf, checkQualifiedName } from './checks.ts'
import { readIndexes } from './index-intervals.ts'

/** What a Job does about failed and successful Pods. After pkg/apis/batch/validation v1.36. */

type Spec = DeepReadonly<JobSpec>

const maxFailureRules = 20
const maxExitCodes = 255
const maxConditions = 20
const maxSuccessRules = 20
const maxIndexesLength = 64 * 1024

/** `["In" "NotIn"]`, as Go prints a list of quoted words. */
const goList = (words: readonly string[]) => `[${words.map((word) => JSON.stringify(word)).join(' ')}]`

/** As `checkOneOf`, but nothing at all is told what there is. */
function checkWord(value: string | undefined, supported: readonly string[], path: string, errors: FieldError[]): void {
  if (!value) errors.push(requiredField(path, `valid values: ${goList(supported)}`))
  else checkOneOf(value, supported, path, errors)
}

export function checkFailurePolicy(spec: Spec, path: string, errors: FieldError[]): void {
  const rules = spec.podFailurePolicy?.rules ?? []
  if (rules.length > maxFailureRules) errors.push(tooManyField(`${path}.rules`, rules.length, maxFailureRules))
  rules.forEach((rule, index) => {
    checkFailureRule(rule, spec, `${path}.rules[${index}]`, errors)
  })
}

function checkFailureRule(
  rule: DeepReadonly<PodFailurePolicyRule>,
  spec: Spec,
  path: string,
  errors: FieldError[],
): void {
  const { action, onExitCodes, onPodConditions = [] } = rule
  if (action !== 'FailIndex') {
    checkWord(action, ['Count', 'FailIndex', 'FailJob', 'Ignore'], `${path}.action`, errors)
  } else if (spec.backoffLimitPerIndex === undefined) {
    errors.push(invalidField(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set'))
  }
  if (onExitCodes) checkExitCodes(onExitCodes, spec, `${path}.onExitCodes`, errors)
  checkConditions(onPodConditions, `${path}.onPodConditions`, errors)
  const both = 'specifying both OnExitCodes and OnPodConditions is not supported'
  const none = 'specifying one of OnExitCodes and OnPodConditions is required'
  if (onExitCodes && onPodConditions.length > 0) errors.push(invalidWithoutValue(path, both))
  if (!onExitCodes && onPodConditions.length === 0) errors.push(invalidWithoutValue(path, none))
}

function checkExitCodes(
  { operator, containerName, values }: DeepReadonly<PodFailurePolicyOnExitCodesRequirement>,
  { template }: Spec,
  path: string,
  errors: FieldError[],
): void {
  const codes = values ?? []
  checkWord(operator, ['In', 'NotIn'], `${path}.operator`, errors)
  const containers = [...(template?.spec?.containers ?? []), ...(template?.spec?.initContainers ?? [])]
  if (containerName !== undefined && !containers.some(({ name }) => name === containerName)) {
    const why = 'must be one of the container or initContainer names in the pod template'
    errors.push(invalidField(`${path}.containerName`, containerName, why))
  }
  const at = `${path}.values`
  if (codes.length === 0) errors.push(invalidField(at, values ?? null, 'at least one value is required'))
  else if (codes.length > maxExitCodes) errors.push(tooManyField(at, codes.length, maxExitCodes))
  codes.forEach((code, index) => {
    if (operator === 'In' && code === 0) {
      errors.push(invalidField(`${at}[${index}]`, code, 'must not be 0 for the In operator'))
    }
    if (codes.indexOf(code) < index) errors.push(duplicateField(`${at}[${index}]`, code))
  })
  const isOrdered = codes.every((code, index) => index === 0 || codes[index - 1]! <= code)
  if (!isOrdered) errors.push(invalidField(at, codes, 'must be ordered'))
}

function checkConditions(
  patterns: readonly DeepReadonly<PodFailurePolicyOnPodConditionsPattern>[],
  path: string,
  errors: FieldError[],
): void {
  if (patterns.length > maxConditions) errors.push(tooManyField(path, patterns.length, maxConditions))
  patterns.forEach(({ type, status }, index) => {
    checkQualifiedName(type ?? '', `${path}[${index}].type`, errors)
    checkWord(status, ['False', 'True', 'Unknown'], `${path}[${index}].status`, errors)
  })
}

export function checkSuccessPolicy(spec: Spec, path: string, errors: FieldError[]): void {
  const { successPolicy, completionMode } = spec
  if (!successPolicy) return
  if (completionMode !== 'Indexed') {
    const shown = goForm('SuccessPolicy', successPolicy)
    return void errors.push(invalidField(path, shown, 'requires indexed completion mode'))
  }
  const rules = successPolicy.rules ?? []
  const at = `${path}.rules`
  if (rules.length === 0) {
    errors.push(requiredField(at, 'at least one rules must be specified when the successPolicy is specified'))
  }
  if (rules.length > maxSuccessRules) errors.push(tooManyField(at, rules.length, maxSuccessRules))
  rules.forEach((rule, index) => {
    checkSuccessRule(rule, spec.completions ?? 0, `${at}[${index}]`, errors)
  })
}

function checkSuccessRule(
  { succeededCount: count, succeededIndexes: indexes }: DeepReadonly<SuccessPolicyRule>,
  completions: number,
  path: string,
  errors: FieldError[],
): void {
  if (count === undefined && indexes === undefined) {
    errors.push(requiredField(path, 'at least one of succeededCount or succeededIndexes must be specified'))
  }
  const read = readIndexes(indexes ?? '', completions)
  const indexesPath = `${path}.succeededIndexes`
  if (indexes !== undefined && indexes.length > maxIndexesLength) {
    errors.push(tooLongField(indexesPath, maxIndexesLength))
  }
  if (!read.ok) {
    errors.push(invalidField(indexesPath, indexes, `error parsing succeededIndexes: ${read.why}`))
  }
  if (count === undefined) return
  const countPath = `${path}.succeededCount`
  const most = (number: number, what: string) => `must be less than or equal to ${number} (the number of ${what})`
  checkNonNegative(count, countPath, errors)
  if (count > completions) errors.push(invalidField(countPath, count, most(completions, 'specified completions')))
  const named = read.ok ? read.count : 0
  if (indexes !== undefined && count > named) {
    errors.push(invalidField(countPath, count, most(named, 'indexes in the specified succeededIndexes field')))
  }
}
