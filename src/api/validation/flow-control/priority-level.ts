import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../../machinery/errors.ts'
import { forbiddenField, invalidField, requiredField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type {
  ExemptPriorityLevelConfiguration,
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
  QueuingConfiguration,
} from '../../types/flowcontrol/v1.ts'
import { checkOneOf } from '../checks.ts'
import { goPriorityLevelSpec } from './go-shapes.ts'
import { mandatoryPriorityLevels } from './mandatory.ts'
import { conditionTypeErrors } from './status.ts'

/** How much of the server a class of requests gets. After ValidatePriorityLevelConfiguration v1.36. */

const oldVersionAnnotation = 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares'
const exemptName = 'exempt'
const mostQueues = 10_000_000
/** What one hash can deal; after apiserver util/shufflesharding. */
const maxHashBits = 60

type Level = DeepReadonly<PriorityLevelConfiguration>
type Spec = DeepReadonly<PriorityLevelConfigurationSpec>

export function validatePriorityLevel({ metadata, spec, status }: Level): FieldError[] {
  const errors: FieldError[] = []
  if (metadata?.annotations?.[oldVersionAnnotation] !== undefined) {
    errors.push(forbiddenField('metadata.annotations', `annotation '${oldVersionAnnotation}' is forbidden`))
  }
  const name = metadata?.name ?? ''
  checkSpec(spec ?? ({} as Spec), name, errors)
  checkMandatory(spec ?? ({} as Spec), name, errors)
  return [...errors, ...conditionTypeErrors(status)]
}

export function validatePriorityLevelStatus({ status }: Level): FieldError[] {
  return conditionTypeErrors(status)
}

/** Of the exempt level, `exempt` itself may be changed. */
function checkMandatory(spec: Spec, name: string, errors: FieldError[]): void {
  const fixed = mandatoryPriorityLevels.get(name)
  if (!fixed) return
  const isExempt = name === exemptName
  const compared = isExempt ? { ...spec, exempt: fixed.exempt } : spec
  if (isDeepStrictEqual(compared, fixed)) return
  const what = isExempt ? "except the 'spec.exempt' field must" : 'must'
  errors.push(invalidField('spec', goPriorityLevelSpec(spec), `spec of '${name}' ${what} equal the fixed value`))
}

function checkSpec({ type, limited, exempt }: Spec, name: string, errors: FieldError[]): void {
  if ((name === exemptName) !== (type === 'Exempt')) {
    errors.push(invalidField('spec.type', type ?? '', "must be 'Exempt' if and only if `name` is 'exempt'"))
  }
  if (type === 'Exempt') {
    if (limited) errors.push(forbiddenField('spec.limited', 'must be nil if the type is not Limited'))
    if (exempt) checkShares(exempt, 'spec.exempt', errors)
  } else if (type === 'Limited') {
    if (exempt) errors.push(forbiddenField('spec.exempt', 'must be nil if the type is Limited'))
    if (limited) checkLimited(limited, errors)
    else errors.push(requiredField('spec.limited', 'must not be empty when type is Limited'))
  } else checkOneOf(type, ['Exempt', 'Limited'], 'spec.type', errors)
}

function checkShares(
  { nominalConcurrencyShares = 0, lendablePercent }: DeepReadonly<ExemptPriorityLevelConfiguration>,
  path: string,
  errors: FieldError[],
): void {
  checkNominalShares(nominalConcurrencyShares, path, errors)
  checkLendable(lendablePercent, path, errors)
}

function checkNominalShares(shares: number, path: string, errors: FieldError[]): void {
  if (shares >= 0) return
  errors.push(invalidField(`${path}.nominalConcurrencyShares`, shares, 'must be a non-negative integer'))
}

function checkLendable(percent: number | undefined, path: string, errors: FieldError[]): void {
  if (percent === undefined || (percent >= 0 && percent <= 100)) return
  errors.push(invalidField(`${path}.lendablePercent`, percent, 'must be between 0 and 100, inclusive'))
}

function checkLimited(limited: DeepReadonly<LimitedPriorityLevelConfiguration>, errors: FieldError[]): void {
  const path = 'spec.limited'
  checkNominalShares(limited.nominalConcurrencyShares ?? 0, path, errors)
  checkLimitResponse(limited.limitResponse ?? {}, `${path}.limitResponse`, errors)
  checkLendable(limited.lendablePercent, path, errors)
  const { borrowingLimitPercent: borrowed } = limited
  if (borrowed !== undefined && borrowed < 0) {
    const why = 'if specified, must be a non-negative integer'
    errors.push(invalidField(`${path}.borrowingLimitPercent`, borrowed, why))
  }
}

function checkLimitResponse(
  { type, queuing }: DeepReadonly<Partial<LimitResponse>>,
  path: string,
  errors: FieldError[],
): void {
  const at = `${path}.queuing`
  if (type === 'Reject') {
    if (queuing) errors.push(forbiddenField(at, 'must be nil if limited.limitResponse.type is not Limited'))
  } else if (type === 'Queue') {
    if (queuing) checkQueuing(queuing, at, errors)
    else errors.push(requiredField(at, 'must not be empty if limited.limitResponse.type is Limited'))
  } else checkOneOf(type, ['Queue', 'Reject'], `${path}.type`, errors)
}

function checkQueuing(
  { queues = 0, handSize = 0, queueLengthLimit = 0 }: DeepReadonly<QueuingConfiguration>,
  path: string,
  errors: FieldError[],
): void {
  const refuse = (field: string, value: number, why: string) =>
    errors.push(invalidField(`${path}.${field}`, value, why))
  if (queueLengthLimit <= 0) refuse('queueLengthLimit', queueLengthLimit, 'must be positive')
  if (queues <= 0) refuse('queues', queues, 'must be positive')
  else if (queues > mostQueues) refuse('queues', queues, `must not be greater than ${mostQueues}`)
  if (handSize <= 0) refuse('handSize', handSize, 'must be positive')
  else if (handSize > queues) refuse('handSize', handSize, `should not be greater than queues (${queues})`)
  else if (requiredEntropyBits(queues, handSize) > maxHashBits) {
    const what = `required entropy bits of deckSize ${queues} and handSize ${handSize}`
    refuse('handSize', handSize, `${what} should not be greater than ${maxHashBits}`)
  }
}

/** The bits of a hash that say which `handSize` of `deckSize` queues are dealt. */
function requiredEntropyBits(deckSize: number, handSize: number): number {
  return Math.ceil(Math.log2(deckSize) * handSize)
}
