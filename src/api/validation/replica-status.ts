import type { FieldError } from '../../machinery/errors.ts'
import { invalidField } from '../../machinery/field-errors.ts'
import { checkNonNegative } from './checks.ts'

/** What a controller may say of its Pods: numbers that can be true together. */

interface StatusRules {
  /** None of these may be negative. */
  readonly counts: readonly string[]
  /** `[field, other]`: no more than the other counts. */
  readonly atMost: readonly (readonly [string, string])[]
  /** How the kind names another field of the status in its errors. */
  readonly nameOf?: (field: string) => string
}

const shortUnlessReplicas = (field: string) => (field === 'replicas' ? 'status.replicas' : field)

const readyOnes = [
  ['readyReplicas', 'replicas'],
  ['availableReplicas', 'replicas'],
  ['availableReplicas', 'readyReplicas'],
] as const

/** After ValidateDeploymentStatus. */
export const deploymentStatusRules: StatusRules = {
  counts: [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
    'terminatingReplicas',
    'collisionCount',
  ],
  atMost: [['updatedReplicas', 'replicas'], ...readyOnes],
  nameOf: shortUnlessReplicas,
}

/** After ValidateReplicaSetStatus and ValidateReplicationControllerStatus, which are the same. */
export const replicaSetStatusRules: StatusRules = {
  counts: [
    'replicas',
    'fullyLabeledReplicas',
    'readyReplicas',
    'availableReplicas',
    'observedGeneration',
    'terminatingReplicas',
  ],
  atMost: [['fullyLabeledReplicas', 'replicas'], ...readyOnes],
  nameOf: shortUnlessReplicas,
}

/** After ValidateStatefulSetStatus. */
export const statefulSetStatusRules: StatusRules = {
  counts: [
    'replicas',
    'readyReplicas',
    'currentReplicas',
    'updatedReplicas',
    'availableReplicas',
    'observedGeneration',
    'collisionCount',
  ],
  atMost: [
    ['readyReplicas', 'replicas'],
    ['currentReplicas', 'replicas'],
    ['updatedReplicas', 'replicas'],
    ['availableReplicas', 'replicas'],
    ['availableReplicas', 'readyReplicas'],
  ],
}

/** After validateDaemonSetStatus. */
export const daemonSetStatusRules: StatusRules = {
  counts: [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
    'collisionCount',
  ],
  atMost: [],
}

/** Checks the numbers of a status against the rules of its kind. */
export function validateStatusCounts({ counts, atMost, nameOf = (field) => `status.${field}` }: StatusRules) {
  return ({ status = {} }: { readonly status?: object }): FieldError[] => {
    const numbers = status as Readonly<Record<string, number>>
    const errors: FieldError[] = []
    for (const field of counts) checkNonNegative(numbers[field], `status.${field}`, errors)
    for (const [field, other] of atMost) {
      const value = numbers[field] ?? 0
      if (value <= (numbers[other] ?? 0)) continue
      errors.push(invalidField(`status.${field}`, value, `cannot be greater than ${nameOf(other)}`))
    }
    return errors
  }
}
