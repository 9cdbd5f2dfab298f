import { Counter, type Registry } from 'prom-client'
import type { Clock } from '../../platform/clock.ts'
import { Histogram } from '../metrics/histogram.ts'
import type { AdmissionAttributes } from './admission.ts'

type Operation = AdmissionAttributes['operation']

/** Upstream's words for the two phases. */
export type Step = 'admit' | 'validate'

/** What kept a webhook from being asked, or the server from doing what it said. */
export type RejectionCause = 'calling_webhook_error' | 'apiserver_internal_error' | 'no_error'

export type ExpressionError = 'compile_error' | 'invalid_error' | 'out_of_budget' | 'no_error'

/** Notes how long one plugin, or one phase of all, took. */
export type Observe = (elapsedMs: number) => void

export interface WebhookCallOutcome {
  readonly name: string
  /** `admit` of mutating webhooks; upstream says `validating` of the others. */
  readonly type: 'admit' | 'validating'
  readonly operation: Operation
  readonly elapsedMs: number
  readonly rejected: boolean
  /** Of the answer; 0: there was none. */
  readonly code: number
  /** Absent: the request was not rejected. */
  readonly cause?: RejectionCause
}

export interface ConditionsOwner {
  readonly name: string
  readonly kind: 'webhook' | 'policy'
  readonly type: Step | 'validating'
  readonly operation: Operation
}

export interface ConditionsOutcome {
  readonly elapsedMs: number
  /** Conditions that went wrong. */
  readonly errors: number
  readonly excluded: boolean
}

export interface PolicyCheck {
  readonly policy: string
  readonly binding: string
  readonly error: ExpressionError
  readonly elapsedMs: number
}

export interface PodSecurityEvaluation {
  readonly decision: 'allow' | 'deny'
  readonly level: string
  readonly version: string
  readonly mode: 'enforce' | 'audit' | 'warn'
}

/** What admission tells of itself, under upstream's names. After apiserver admission/metrics v1.36. */
export interface AdmissionMetrics {
  readonly nowMs: () => number
  /** Of one plugin, whoever calls it holds on to. */
  controller(name: string, type: Step, operation: Operation, rejected: boolean): Observe
  step(type: Step, operation: Operation, rejected: boolean): Observe
  webhook(outcome: WebhookCallOutcome): void
  webhookFailedOpen(name: string, type: WebhookCallOutcome['type']): void
  conditions(owner: ConditionsOwner, outcome: ConditionsOutcome): void
  validatingPolicy(check: PolicyCheck, action: 'allow' | 'deny' | 'audit' | 'warn'): void
  mutatingPolicy(check: PolicyCheck): void
  podSecurity(attributes: AdmissionAttributes, evaluation: PodSecurityEvaluation): void
  podSecurityError(attributes: AdmissionAttributes, fatal: boolean): void
  podSecurityExemption(attributes: AdmissionAttributes): void
}

const admissionBuckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5]
const webhookBuckets = [...admissionBuckets, 10, 25]
const conditionBuckets = [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25]
const expressionBuckets = [0.0000005, 0.001, 0.01, 0.1, 1]

/** Codes past this are counted as this one: a webhook must not be able to make up any number of series. */
const largestCode = 600

export function createAdmissionMetrics(registry: Registry, clock: Clock): AdmissionMetrics {
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers: [registry] })
  return {
    nowMs: () => clock.monotonicMs(),
    ...durationsOfPlugins(registry),
    ...webhookMetrics(registry, counter),
    ...conditionMetrics(registry, counter),
    ...policyMetrics(registry, counter),
    ...podSecurityMetrics(counter),
  }
}

type MakeCounter = (name: string, help: string, labelNames: string[]) => Counter

function durationsOfPlugins(registry: Registry): Pick<AdmissionMetrics, 'controller' | 'step'> {
  const controllers = new Histogram(
    {
      name: 'apiserver_admission_controller_admission_duration_seconds',
      help: 'Seconds that an admission plugin took, by its name, operation and type (validate or admit).',
      buckets: admissionBuckets,
    },
    registry,
  )
  const steps = new Histogram(
    {
      name: 'apiserver_admission_step_admission_duration_seconds',
      help: 'Seconds that all plugins together took, by operation and type (validate or admit).',
      buckets: admissionBuckets,
    },
    registry,
  )
  const observing = (series: ReturnType<Histogram['series']>): Observe => {
    return (elapsedMs) => series.observe(elapsedMs / 1_000)
  }
  return {
    controller: (name, type, operation, rejected) =>
      observing(controllers.series({ name, type, operation, rejected: String(rejected) })),
    step: (type, operation, rejected) => observing(steps.series({ type, operation, rejected: String(rejected) })),
  }
}

function webhookMetrics(
  registry: Registry,
  counter: MakeCounter,
): Pick<AdmissionMetrics, 'webhook' | 'webhookFailedOpen'> {
  const durations = new Histogram(
    {
      name: 'apiserver_admission_webhook_admission_duration_seconds',
      help: 'Seconds that an admission webhook took, by its name, operation and type.',
      buckets: webhookBuckets,
    },
    registry,
  )
  const requests = counter(
    'apiserver_admission_webhook_request_total',
    'Calls of admission webhooks, by the code they ended with.',
    ['name', 'type', 'operation', 'code', 'rejected'],
  )
  const rejections = counter(
    'apiserver_admission_webhook_rejection_count',
    'Requests that admission webhooks, or their failure, have rejected.',
    ['name', 'type', 'operation', 'error_type', 'rejection_code'],
  )
  const failedOpen = counter(
    'apiserver_admission_webhook_fail_open_count',
    'Calls of admission webhooks whose failure was ignored.',
    ['name', 'type'],
  )
  return {
    webhook({ name, type, operation, elapsedMs, rejected, code, cause }) {
      const counted = String(Math.min(code, largestCode))
      const labels = { name, type, operation, rejected: String(rejected) }
      requests.inc({ ...labels, code: counted })
      durations.series(labels).observe(elapsedMs / 1_000)
      if (cause) rejections.inc({ name, type, operation, error_type: cause, rejection_code: counted })
    },
    webhookFailedOpen: (name, type) => failedOpen.inc({ name, type }),
  }
}

function conditionMetrics(registry: Registry, counter: MakeCounter): Pick<AdmissionMetrics, 'conditions'> {
  const labelNames = ['name', 'kind', 'type', 'operation']
  const errors = counter(
    'apiserver_admission_match_condition_evaluation_errors_total',
    'Match conditions that went wrong, by what they belong to.',
    labelNames,
  )
  const exclusions = counter(
    'apiserver_admission_match_condition_exclusions_total',
    'Requests that match conditions have kept from a webhook.',
    labelNames,
  )
  const durations = new Histogram(
    {
      name: 'apiserver_admission_match_condition_evaluation_seconds',
      help: 'Seconds that match conditions took, by what they belong to.',
      buckets: conditionBuckets,
    },
    registry,
  )
  return {
    conditions(owner, { elapsedMs, errors: count, excluded }) {
      const labels = { ...owner }
      durations.series(labels).observe(elapsedMs / 1_000)
      if (count > 0) errors.inc(labels, count)
      if (excluded) exclusions.inc(labels)
    },
  }
}

function policyMetrics(
  registry: Registry,
  counter: MakeCounter,
): Pick<AdmissionMetrics, 'validatingPolicy' | 'mutatingPolicy'> {
  const labelNames = ['policy', 'policy_binding', 'error_type']
  const durations = (kind: string) =>
    new Histogram(
      {
        name: `apiserver_${kind}_admission_policy_check_duration_seconds`,
        help: 'Seconds that expressions of admission policies took, by policy and binding.',
        buckets: expressionBuckets,
      },
      registry,
    )
  const total = (kind: string, labels: string[]) =>
    counter(
      `apiserver_${kind}_admission_policy_check_total`,
      'Checks of admission policies, by policy and binding.',
      labels,
    )
  const validations = total('validating', [...labelNames, 'enforcement_action'])
  const validationSeconds = durations('validating')
  const mutations = total('mutating', labelNames)
  const mutationSeconds = durations('mutating')
  const labelsOf = ({ policy, binding, error }: PolicyCheck) => {
    return { policy, policy_binding: binding, error_type: error }
  }
  return {
    validatingPolicy(check, action) {
      const labels = { ...labelsOf(check), enforcement_action: action }
      validations.inc(labels)
      validationSeconds.series(labels).observe(check.elapsedMs / 1_000)
    },
    mutatingPolicy(check) {
      mutations.inc(labelsOf(check))
      mutationSeconds.series(labelsOf(check)).observe(check.elapsedMs / 1_000)
    },
  }
}

/** After pod-security-admission/metrics v1.36. */
function podSecurityMetrics(
  counter: MakeCounter,
): Pick<AdmissionMetrics, 'podSecurity' | 'podSecurityError' | 'podSecurityExemption'> {
  const requestLabels = ['request_operation', 'resource', 'subresource']
  const evaluations = counter(
    'pod_security_evaluations_total',
    'Evaluations of the policies of namespaces, by what came of them.',
    ['decision', 'policy_level', 'policy_version', 'mode', ...requestLabels],
  )
  const errors = counter('pod_security_errors_total', 'What has kept policies of namespaces from being evaluated.', [
    'fatal',
    ...requestLabels,
  ])
  const exemptions = counter('pod_security_exemptions_total', 'Requests that no policy is for.', requestLabels)
  return {
    podSecurityExemption: (attributes) => exemptions.inc(requestLabelsOf(attributes)),
    podSecurity(attributes, { decision, level, version, mode }) {
      const policy = { decision, policy_level: level, policy_version: version, mode }
      evaluations.inc({ ...policy, ...requestLabelsOf(attributes) })
    },
    podSecurityError: (attributes, fatal) => errors.inc({ fatal: String(fatal), ...requestLabelsOf(attributes) }),
  }
}

function requestLabelsOf({ definition, operation, subresource }: AdmissionAttributes) {
  const { group, plural } = definition
  const resource = group !== '' || (plural !== 'pods' && plural !== 'namespaces') ? 'controller' : plural.slice(0, -1)
  return { request_operation: operation.toLowerCase(), resource, subresource }
}
