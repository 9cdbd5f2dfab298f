import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from '../../../api/types/admissionregistration/v1.ts'
import type { Namespace } from '../../../api/types/core/v1.ts'
import { mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings } from '../../../api/types/resources.ts'
import type { DeepReadonly, KubeObject } from '../../../machinery/object.ts'
import { StatusError, type StatusReason } from '../../../machinery/status.ts'
import type { Held } from '../../object-reader.ts'
import { equalValues } from '../../rest/equal.ts'
import type { AdmissionAttributes, AdmissionPlugin, Reinvocation } from '../admission.ts'
import type { AdmissionMetrics } from '../admission-metrics.ts'
import { refuse } from '../refuse.ts'
import { convertObject } from '../webhook/convert.ts'
import type { RequestMatch } from '../webhook/match-request.ts'
import { replaceObject } from '../webhook/replace-object.ts'
import { isExempt } from '../webhook/request-kind.ts'
import { RoundState } from '../webhook/round-state.ts'
import { versionedRequest } from '../webhook/versioned-request.ts'
import { type AppliedPolicy, appliedPolicies, namespaceOf, unconvertedText } from './applied-policies.ts'
import { requestAuthorizers, settled } from './authorizers.ts'
import { type Authorizers, type EvaluationInput, expressionError } from './evaluation.ts'
import {
  type ConditionsResult,
  evaluateConditions,
  type MatchConditions,
  measureConditions,
} from './match-conditions.ts'
import { MutationError } from './mutation-error.ts'
import { type CompiledMutation, compileMutator, type Mutator, mutate } from './mutator.ts'
import { boundPolicies } from './policies.ts'
import type { PolicyServices } from './policy-services.ts'

const pluginName = 'MutatingAdmissionPolicy'

type Applied = AppliedPolicy<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, Mutator>
type Matched = Extract<Applied, { readonly params: unknown }>

/** A policy that failed, whether or not that counts. */
interface PolicyError {
  readonly applied: Applied
  readonly message: string
  readonly reason?: StatusReason
}

/** Changes objects as bound policies say. After policy/mutating/dispatcher.go v1.36. */
export function mutatingAdmissionPolicy(services: PolicyServices): AdmissionPlugin {
  const policies = boundPolicies(services.reader, {
    policies: mutatingAdmissionPolicies,
    bindings: mutatingAdmissionPolicyBindings,
    compile: compileMutator,
  })
  return {
    name: pluginName,
    handles: ['CREATE', 'UPDATE', 'CONNECT'],
    async mutate(attributes, reinvocation) {
      const bound = policies()
      if (bound.length === 0 || isExempt(attributes)) return
      const applied = await appliedPolicies(bound, attributes, services)
      const errors: PolicyError[] = applied.flatMap((each) =>
        'misconfigured' in each ? [{ applied: each, message: each.misconfigured }] : [],
      )
      const matched = applied.filter((each): each is Matched => 'params' in each && each.params.length > 0)
      if (matched.length > 0) {
        const namespace = namespaceOf(attributes, services.reader)
        const authorizers = requestAuthorizers(services.authorizer, attributes)
        const { metrics } = services
        errors.push(...(await mutateAll(matched, { attributes, reinvocation, namespace, authorizers, metrics })))
      }
      const counting = errors.filter(({ applied: { bound } }) => bound.policy.spec?.failurePolicy !== 'Ignore')
      if (counting.length > 0) throw denied(counting, attributes)
    },
  }
}

interface Round {
  readonly attributes: AdmissionAttributes
  readonly reinvocation: Reinvocation
  readonly namespace: Held<Namespace> | undefined
  readonly authorizers: Authorizers
  readonly metrics: AdmissionMetrics
}

async function mutateAll(matched: readonly Matched[], round: Round): Promise<PolicyError[]> {
  const { attributes, reinvocation } = round
  const state = reinvocation.state(pluginName, () => new RoundState())
  if (reinvocation.isReinvoke && state.isChangedSinceLast(attributes.object)) state.requireAgain()
  const errors: PolicyError[] = []
  try {
    for (const applied of matched) {
      for (const param of applied.params) errors.push(...(await mutateWith(applied, param, round, state)))
    }
  } finally {
    state.setLastOutput(attributes.object)
  }
  return errors
}

/** One policy with one set of parameters. */
async function mutateWith(
  applied: Matched,
  params: Held<KubeObject> | undefined,
  round: Round,
  state: RoundState,
): Promise<PolicyError[]> {
  const { attributes, reinvocation, namespace, authorizers } = round
  const { conditions, mutations, isReinvoked } = applied.bound.evaluator
  const inputNow = async (): Promise<EvaluationInput> => ({
    request: await versionedRequest(attributes, applied.match),
    params,
    namespace,
    authorizers,
  })
  const unconverted = await conversionError(inputNow)
  if (unconverted !== undefined) return [{ applied, message: unconverted }]
  const result = conditions ? await conditionsOf(applied, conditions, inputNow, round) : always
  if (result.error !== undefined) return [{ applied, message: result.error, reason: 'Invalid' }]
  const id = idOf(applied, params)
  if (!result.matches || (reinvocation.isReinvoke && !state.isAskedAgain(id))) return []
  const errors: PolicyError[] = []
  for (const mutation of mutations) {
    const startMs = round.metrics.nowMs()
    const error = await mutateOnce(mutation, { applied, round, state, inputNow })
    noteCheck(applied, error, round.metrics.nowMs() - startMs, round.metrics)
    if (error !== undefined) errors.push({ applied, message: error, reason: 'Invalid' })
  }
  if (isReinvoked) state.addInvoked(id)
  return errors
}

/** Why the objects cannot be shown in the version that the policy names; undefined when they can. */
async function conversionError(inputNow: () => Promise<EvaluationInput>): Promise<string | undefined> {
  try {
    await inputNow()
    return undefined
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return unconvertedText(error)
  }
}

const always: ConditionsResult = { matches: true, failed: 0 }

/** Counted as those of a validating policy, as upstream does. */
function conditionsOf(
  { bound }: Matched,
  conditions: MatchConditions,
  inputNow: () => Promise<EvaluationInput>,
  { attributes, metrics }: Round,
): Promise<ConditionsResult> {
  const { operation } = attributes
  const owner = { name: bound.policy.metadata.name, kind: 'policy', type: 'validate', operation } as const
  const { variables } = bound.evaluator
  return measureConditions(metrics, owner, async () => {
    const input = await inputNow()
    return settled(() => evaluateConditions(conditions, input, variables))
  })
}

interface OneMutation {
  readonly applied: Matched
  readonly round: Round
  readonly state: RoundState
  readonly inputNow: () => Promise<EvaluationInput>
}

function noteCheck(
  { bound, binding }: Matched,
  message: string | undefined,
  elapsedMs: number,
  metrics: AdmissionMetrics,
): void {
  const error = message === undefined ? 'no_error' : expressionError(message)
  metrics.mutatingPolicy({ policy: bound.policy.metadata.name, binding: binding.metadata.name, error, elapsedMs })
}

/** Why the mutation failed; undefined when it did not. */
async function mutateOnce(
  mutation: CompiledMutation,
  { applied, round, state, inputNow }: OneMutation,
): Promise<string | undefined> {
  const input = await inputNow()
  const { object } = input.request
  if (!object) return undefined
  try {
    const mutated = await settled(() => mutate(object, mutation, input, applied.bound.evaluator.variables))
    if (equalValues(object, mutated)) return undefined
    await giveBack(round.attributes, applied.match, mutated)
  } catch (error) {
    if (!(error instanceof MutationError)) throw error
    return error.message
  }
  state.requireAgain()
  round.reinvocation.request()
  return undefined
}

/** The draft is of the request's version, whichever the policy has seen. */
async function giveBack(
  { object, definition }: AdmissionAttributes,
  match: RequestMatch,
  mutated: KubeObject,
): Promise<void> {
  replaceObject(object!, (await convertObject(mutated, match.definition, definition)) as KubeObject)
}

function idOf({ bound, binding }: Matched, params: DeepReadonly<KubeObject> | undefined): string {
  const { namespace = '', name = '' } = params?.metadata ?? {}
  return [bound.policy.metadata.name, binding.metadata.name, namespace, name].join('/')
}

function denied(errors: readonly PolicyError[], attributes: AdmissionAttributes): StatusError {
  const messages = errors.map(textOf)
  const { status } = refuse(attributes, 'admission request denied by policy')
  const causes = messages.map((message) => ({ message }))
  return new StatusError({
    ...status,
    message: messages[0]!,
    ...(errors[0]!.reason && { reason: errors[0]!.reason }),
    details: { ...status.details, causes },
  })
}

function textOf({ applied: { bound, binding }, message }: PolicyError): string {
  const { name } = bound.policy.metadata
  if (!binding) return `policy ${JSON.stringify(name)} denied request: ${message}`
  return `policy '${name}' with binding '${binding.metadata.name}' denied request: ${message}`
}
