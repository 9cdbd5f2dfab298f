import { countIndexes } from './index-intervals.ts'
import type { JobFacts, JobView } from './job-facts.ts'
import { isIndexed, isPodFailed, isSuspended, type ReadonlyJob } from './job-pods.ts'
import { matchPodFailurePolicy } from './pod-failure-policy.ts'
import { matchSuccessPolicy } from './success-policy.ts'

/** How a Job is to end: first its Pods are removed and counted, then it is Complete or Failed. */
export interface Verdict {
  readonly type: 'SuccessCriteriaMet' | 'FailureTarget'
  readonly reason: string
  readonly message: string
}

type Rule = (view: JobView, facts: JobFacts) => Verdict | undefined

/** The first that speaks decides: what was decided before, then failures, then success. */
const rules: readonly Rule[] = [
  decidedBefore('SuccessCriteriaMet'),
  decidedBefore('FailureTarget'),
  failedByPolicy,
  reachedBackoffLimit,
  ({ job, nowMs }) => {
    const leftMs = deadlineLeftMs(job, nowMs)
    if (leftMs === undefined || leftMs > 0) return undefined
    return failure('DeadlineExceeded', 'Job was active longer than specified deadline')
  },
  tooManyFailedIndexes,
  ({ job: { spec } }, { succeededIndexes }) => {
    const message = matchSuccessPolicy(spec?.successPolicy, spec?.completions ?? 0, succeededIndexes)
    return message === undefined ? undefined : { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message }
  },
]

/** Whether the Job is to end, whatever its active Pods do. After pkg/controller/job syncJob. */
export function judgeJob(view: JobView, facts: JobFacts): Verdict | undefined {
  for (const rule of rules) {
    const verdict = rule(view, facts)
    if (verdict) return verdict
  }
  return undefined
}

/** Whether a Job whose active Pods are counted has all it wants. */
export function reachedCompletions({ spec }: ReadonlyJob, succeeded: number, active: number): Verdict | undefined {
  const isComplete = active === 0 && (spec?.completions === undefined ? succeeded > 0 : succeeded >= spec.completions)
  if (!isComplete) return undefined
  const message = 'Reached expected number of succeeded pods'
  return { type: 'SuccessCriteriaMet', reason: 'CompletionsReached', message }
}

/** Undefined without a deadline, before the start and while suspended. */
export function deadlineLeftMs(job: ReadonlyJob, nowMs: number): number | undefined {
  const { activeDeadlineSeconds } = job.spec ?? {}
  const { startTime } = job.status ?? {}
  if (activeDeadlineSeconds === undefined || startTime === undefined || isSuspended(job)) return undefined
  return Date.parse(startTime) + activeDeadlineSeconds * 1000 - nowMs
}

function decidedBefore(wanted: Verdict['type']): Rule {
  return ({ job: { status } }) => {
    const condition = status?.conditions?.find(({ type, status: value }) => type === wanted && value === 'True')
    return condition && { type: wanted, reason: condition.reason ?? '', message: condition.message ?? '' }
  }
}

function failedByPolicy({ job, pods }: JobView): Verdict | undefined {
  const policy = job.spec?.podFailurePolicy
  if (!policy) return undefined
  const messages = pods
    .filter((pod) => isPodFailed(pod, job))
    .map((pod) => matchPodFailurePolicy(policy, pod).jobFailure)
  const message = messages.find((found) => found !== undefined)
  return message === undefined ? undefined : failure('PodFailurePolicy', message)
}

function reachedBackoffLimit(view: JobView, { failed }: JobFacts): Verdict | undefined {
  const { backoffLimit = 6 } = view.job.spec ?? {}
  if (failed <= backoffLimit && !restartedTooOften(view, backoffLimit)) return undefined
  return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit')
}

/** Containers that the kubelet restarts in place never make their Pod fail. */
function restartedTooOften({ job, pods }: JobView, backoffLimit: number): boolean {
  if (job.spec?.template.spec?.restartPolicy !== 'OnFailure') return false
  const restarts = pods
    .filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending')
    .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0)
  return restarts >= Math.max(1, backoffLimit)
}

function tooManyFailedIndexes({ job }: JobView, { failedIndexes, succeededIndexes }: JobFacts): Verdict | undefined {
  if (!isIndexed(job) || failedIndexes === undefined) return undefined
  const failed = countIndexes(failedIndexes)
  const { maxFailedIndexes, completions = 0 } = job.spec ?? {}
  if (maxFailedIndexes !== undefined && failed > maxFailedIndexes) {
    const message = 'Job has exceeded the specified maximal number of failed indexes'
    return failure('MaxFailedIndexesExceeded', message)
  }
  if (failed === 0 || failed + countIndexes(succeededIndexes) < completions) return undefined
  return failure('FailedIndexes', 'Job has failed indexes')
}

function failure(reason: string, message: string): Verdict {
  return { type: 'FailureTarget', reason, message }
}
