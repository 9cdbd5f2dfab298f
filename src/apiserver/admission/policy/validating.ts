import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/types/admissionregistration/v1.ts'
import { validatingAdmissionPolicies, validatingAdmissionPolicyBindings } from '../../../api/types/resources.ts'
import { StatusError, type StatusReason } from '../../../machinery/status.ts'
import type { ObjectReader } from '../../object-reader.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'
import type { AdmissionMetrics, PolicyCheck } from '../admission-metrics.ts'
import { refuse } from '../refuse.ts'
import { isExempt } from '../webhook/request-kind.ts'
import { versionedRequest } from '../webhook/versioned-request.ts'
import { type AppliedPolicy, appliedPolicies, namespaceOf, unconvertedText } from './applied-policies.ts'
import { AuditAnnotations, annotateFailure } from './audit-annotations.ts'
import { requestAuthorizers, settled } from './authorizers.ts'
import { type Authorizers, expressionError } from './evaluation.ts'
import { type BoundPolicy, boundPolicies } from './policies.ts'
import type { PolicyServices } from './policy-services.ts'
import {
  compileValidator,
  type Decision,
  type ValidationObserver,
  type ValidationResult,
  type Validator,
  validate,
} from './validator.ts'

type Applied = AppliedPolicy<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, Validator>
type Bound = BoundPolicy<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, Validator>
type Matched = Extract<Applied, { readonly params: unknown }>

interface Denial {
  readonly policy: string
  readonly binding: string | undefined
  readonly message: string
  readonly reason?: StatusReason | undefined
}

/** Refuses what bound policies do. After policy/validating/dispatcher.go v1.36. */
export function validatingAdmissionPolicy(services: PolicyServices): AdmissionPlugin {
  const policies = boundPolicies(services.reader, {
    policies: validatingAdmissionPolicies,
    bindings: validatingAdmissionPolicyBindings,
    compile: compileValidator,
  })
  return {
    name: 'ValidatingAdmissionPolicy',
    handles: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'],
    async validate(attributes) {
      const bound = policies()
      if (bound.length === 0 || isExempt(attributes)) return
      const applied = await appliedPolicies(bound, attributes, services)
      if (applied.length === 0) return
      const judging = {
        attributes,
        reader: services.reader,
        metrics: services.metrics,
        authorizers: requestAuthorizers(services.authorizer, attributes),
      }
      const denials: Denial[] = []
      for (const [policy, bindings] of Map.groupBy(applied, (each) => each.bound)) {
        denials.push(...(await judge(policy, bindings, judging)))
      }
      if (denials.length > 0) throw denied(denials[0]!, attributes)
    },
  }
}

interface Judging {
  readonly attributes: AdmissionAttributes
  readonly reader: ObjectReader
  readonly authorizers: Authorizers
  readonly metrics: AdmissionMetrics
}

/** All bindings of one policy. */
async function judge({ policy }: Bound, bindings: readonly Applied[], judging: Judging): Promise<Denial[]> {
  const { attributes } = judging
  const annotations = new AuditAnnotations()
  const denials: Denial[] = []
  for (const applied of bindings) {
    if ('misconfigured' in applied) {
      if (policy.spec?.failurePolicy !== 'Ignore') denials.push(denialOf(applied, applied.misconfigured))
      continue
    }
    const results = await evaluate(applied, judging)
    if (results instanceof StatusError) {
      if (policy.spec?.failurePolicy !== 'Ignore') denials.push(denialOf(applied, unconvertedText(results)))
      continue
    }
    for (const result of results) {
      denials.push(...enforce(applied, result, judging))
      denials.push(...note(applied, result, annotations, judging))
    }
  }
  annotations.publish(policy.metadata.name, attributes)
  return denials
}

/** One result for each set of parameters; an error when the objects cannot be converted. */
async function evaluate(
  { bound, match, params }: Matched,
  { attributes, reader, authorizers, metrics }: Judging,
): Promise<ValidationResult[] | StatusError> {
  if (params.length === 0) return []
  const observe = observerOf(bound, attributes, metrics)
  const request = await versionedRequest(attributes, match).catch(statusErrorOnly)
  if (request instanceof StatusError) return request
  const namespace = namespaceOf(attributes, reader)
  return settled(() =>
    params.map((param) => validate(bound.evaluator, { request, params: param, namespace, authorizers }, observe)),
  )
}

function statusErrorOnly(error: unknown): StatusError {
  if (error instanceof StatusError) return error
  throw error
}

function observerOf(
  { policy }: Bound,
  { operation }: AdmissionAttributes,
  metrics: AdmissionMetrics,
): ValidationObserver {
  const owner = { name: policy.metadata.name, kind: 'policy', type: 'validate', operation } as const
  const startMs = metrics.nowMs()
  return {
    nowMs: metrics.nowMs,
    conditions: ({ failed }) => {
      metrics.conditions(owner, { elapsedMs: metrics.nowMs() - startMs, errors: failed, excluded: false })
    },
  }
}

function checkOf(
  { bound, binding }: Matched,
  { elapsedMs }: Pick<Decision, 'elapsedMs'>,
  message: string,
): PolicyCheck {
  const error = expressionError(message)
  return { policy: bound.policy.metadata.name, binding: binding.metadata.name, error, elapsedMs }
}

/** Does with each failure what the binding says; answers those that refuse the request. */
function enforce(applied: Matched, { decisions }: ValidationResult, { attributes, metrics }: Judging): Denial[] {
  const { binding, bound } = applied
  const actions = binding.spec?.validationActions ?? []
  return decisions.flatMap((decision, expressionIndex) => {
    if (decision.action === 'admit') {
      if (decision.error !== undefined) metrics.validatingPolicy(checkOf(applied, decision, decision.error), 'allow')
      return []
    }
    const { message, reason } = decision
    // Upstream takes every refusal that is no error for one that has some other word, too.
    const check = checkOf(applied, decision, message)
    for (const action of actions) metrics.validatingPolicy(check, action.toLowerCase() as 'deny' | 'audit' | 'warn')
    if (actions.includes('Audit')) annotateFailure({ binding, expressionIndex, message }, attributes)
    if (actions.includes('Warn')) {
      const names = `'${bound.policy.metadata.name}' with binding '${binding.metadata.name}'`
      attributes.warn(`Validation failed for ValidatingAdmissionPolicy ${names}: ${message}`)
    }
    return actions.includes('Deny') ? [denialOf(applied, message, reason)] : []
  })
}

/** Audit annotations that go wrong refuse the request whatever the binding's actions are. */
function note(
  applied: Matched,
  { notes }: ValidationResult,
  annotations: AuditAnnotations,
  { metrics }: Judging,
): Denial[] {
  return notes.flatMap((each) => {
    if (each.action === 'deny') {
      metrics.validatingPolicy(checkOf(applied, { elapsedMs: 0 }, each.message), 'deny')
      return [denialOf(applied, each.message)]
    }
    annotations.add(each.key, each.value)
    return []
  })
}

function denialOf({ bound, binding }: Applied, message: string, reason?: StatusReason): Denial {
  return { policy: bound.policy.metadata.name, binding: binding?.metadata.name, message, reason }
}

const codes: Readonly<Partial<Record<StatusReason, number>>> = {
  Forbidden: 403,
  Unauthorized: 401,
  RequestEntityTooLarge: 413,
}

function denied(
  { policy, binding, message, reason = 'Invalid' }: Denial,
  attributes: AdmissionAttributes,
): StatusError {
  const by = binding === undefined ? `'${policy}'` : `'${policy}' with binding '${binding}'`
  const text = `ValidatingAdmissionPolicy ${by} denied request: ${message}`
  const { status } = refuse(attributes, text)
  const details = { ...status.details, causes: [...(status.details?.causes ?? []), { message: text }] }
  return new StatusError({ ...status, reason, details, code: codes[reason] ?? 422 })
}
