import type { SubjectAccessReviewSpec, SubjectAccessReviewStatus } from '../../api/types/authorization/v1.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import {
  createReviewWebhook,
  ExpiringCache,
  failureOf,
  type ReviewWebhookDependencies,
} from '../configuration/review-webhook.ts'
import type { WebhookAuthorizerMetrics } from './authorization-metrics.ts'
import {
  type AuthorizationAttributes,
  type Authorizer,
  type Decision,
  noOpinion,
  type RuleResolver,
} from './authorizer.ts'
import { evaluateMatchConditions, type MatchCondition } from './match-conditions.ts'
import { reviewSpecOf } from './review-spec.ts'

export interface WebhookAuthorizerOptions {
  readonly kubeconfigPath: string
  /** Of the SubjectAccessReview that is sent. */
  readonly version: 'v1' | 'v1beta1'
  readonly timeoutMs: number
  /** How long answers are remembered; 0: not at all. */
  readonly authorizedTtlMs: number
  readonly unauthorizedTtlMs: number
  /** What it means that the webhook cannot be asked. */
  readonly failurePolicy: 'NoOpinion' | 'Deny'
  /** Only requests for which all of them hold are asked about. */
  readonly matchConditions: readonly MatchCondition[]
}

export interface WebhookAuthorizerDependencies extends ReviewWebhookDependencies {
  readonly log: Logger
  readonly metrics: WebhookAuthorizerMetrics
}

const rememberedAnswers = 8192

/** Longer questions are not remembered: whoever asks them may mean to fill the memory. */
const maxRememberedLength = 10_000

/**
 * Asks somebody else who may do what. Throws a ConfigurationError for a kubeconfig that cannot be used.
 * After apiserver plugin/pkg/authorizer/webhook v1.36.
 */
export function webhookAuthorizer(
  options: WebhookAuthorizerOptions,
  dependencies: WebhookAuthorizerDependencies,
): Authorizer & RuleResolver {
  const { kubeconfigPath, timeoutMs } = options
  const { clock, log, metrics } = dependencies
  const webhook = createReviewWebhook({ ...dependencies, kubeconfigPath, timeoutMs, onTry: metrics.evaluated })
  const answers = new ExpiringCache<SubjectAccessReviewStatus>(clock, rememberedAnswers)
  const matchesConditions = conditionMatcher(options.matchConditions, clock, metrics)
  const failed = (error: string): Decision => ({
    allowed: false,
    ...(options.failurePolicy === 'Deny' && { denied: true }),
    reason: '',
    error,
  })
  const ask = async (spec: SubjectAccessReviewSpec, key: string, mayRemember: boolean): Promise<Decision> => {
    try {
      const status = statusOf(await webhook.post(reviewOf(spec, options.version)), options.version)
      const ttlMs = status.allowed ? options.authorizedTtlMs : options.unauthorizedTtlMs
      if (mayRemember) answers.set(key, status, ttlMs)
      return decisionOf(status)
    } catch (error) {
      log.error('the authorization webhook could not be asked', { error })
      if (options.failurePolicy === 'NoOpinion') metrics.failedOpen(failureOf(error))
      return failed(error instanceof Error ? error.message : String(error))
    }
  }
  return {
    authorize(attributes) {
      const spec = reviewSpecOf(attributes)
      const matches = matchesConditions(spec)
      if (typeof matches !== 'boolean') return failed(matches.error)
      if (!matches) return noOpinion
      const key = JSON.stringify(spec)
      const known = answers.get(key)
      return known ? decisionOf(known) : ask(spec, key, lengthOf(attributes) < maxRememberedLength)
    },
    rulesFor: () => ({ rules: [], errors: ['webhook authorizer does not support user rule resolution'] }),
  }
}

function conditionMatcher(
  conditions: readonly MatchCondition[],
  clock: Clock,
  metrics: WebhookAuthorizerMetrics,
): (spec: SubjectAccessReviewSpec) => ReturnType<typeof evaluateMatchConditions> {
  if (conditions.length === 0) return () => true
  return (spec) => {
    const startMs = clock.monotonicMs()
    const matches = evaluateMatchConditions(conditions, spec)
    const elapsedMs = clock.monotonicMs() - startMs
    metrics.conditions({ elapsedMs, failed: typeof matches !== 'boolean', excluded: matches === false })
    return matches
  }
}

/** Of what the one who asks has chosen. */
function lengthOf(attributes: AuthorizationAttributes): number {
  const { namespace, verb, group, version, resource, subresource, name, path } = attributes
  const texts = [namespace, verb, group, version, resource, subresource, name, path]
  return texts.reduce((length, text) => length + text.length, 0)
}

/** The older version has another name for groups. */
function reviewOf(spec: SubjectAccessReviewSpec, version: WebhookAuthorizerOptions['version']): object {
  const review = { kind: 'SubjectAccessReview', apiVersion: `authorization.k8s.io/${version}`, metadata: {} }
  const status = { allowed: false }
  if (version === 'v1') return { ...review, spec, status }
  const { groups, ...others } = spec
  return { ...review, spec: { ...others, ...(groups && { group: groups }) }, status }
}

function statusOf(answer: unknown, version: WebhookAuthorizerOptions['version']): SubjectAccessReviewStatus {
  const wanted = `authorization.k8s.io/${version}`
  const review = answer as { readonly apiVersion?: string; readonly status?: SubjectAccessReviewStatus } | null
  const { apiVersion = wanted, status = { allowed: false } } = review ?? {}
  if (apiVersion !== wanted) throw new Error(`the webhook answered in ${apiVersion}, expected is ${wanted}`)
  return status
}

function decisionOf({ allowed, denied, reason = '' }: SubjectAccessReviewStatus): Decision {
  if (!denied) return { allowed, reason }
  if (!allowed) return { allowed: false, denied: true, reason }
  const error = 'webhook subject access review returned both allow and deny response'
  return { allowed: false, denied: true, reason, error }
}
