import type {
  PodFailurePolicy,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
} from '../../api/types/batch/v1.ts'
import type { ContainerStatus } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { ReadonlyPod } from '../pods.ts'

export interface FailureMatch {
  /** Whether the failure counts towards the limits. */
  readonly counts: boolean
  /** Undefined when no rule matches. */
  readonly action?: string
  /** Why the whole Job fails, if it does. */
  readonly jobFailure?: string
}

/** What the first rule that matches a failed Pod says. After pkg/controller/job pod_failure_policy.go matchPodFailurePolicy. */
export function matchPodFailurePolicy(
  policy: DeepReadonly<PodFailurePolicy> | undefined,
  pod: ReadonlyPod,
): FailureMatch {
  for (const [index, rule] of (policy?.rules ?? []).entries()) {
    const found = describeMatch(rule, pod)
    if (found === undefined) continue
    const { action } = rule
    if (action !== 'FailJob') return { counts: action !== 'Ignore', action }
    return { counts: true, action, jobFailure: `${found} matching FailJob rule at index ${index}` }
  }
  return { counts: true }
}

/** What of the Pod the rule matches, in upstream's words. */
function describeMatch(
  rule: DeepReadonly<PodFailurePolicyRule>,
  { metadata, status }: ReadonlyPod,
): string | undefined {
  const name = `${metadata?.namespace}/${metadata?.name}`
  if (rule.onExitCodes) {
    const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
    const container = statuses.find((candidate) => exitCodeMatches(candidate, rule.onExitCodes!))
    const exitCode = container?.state?.terminated?.exitCode
    return container && `Container ${container.name} for pod ${name} failed with exit code ${exitCode}`
  }
  const patterns = rule.onPodConditions ?? []
  const condition = status?.conditions?.find(({ type, status: value }) =>
    patterns.some((pattern) => pattern.type === type && (pattern.status ?? 'True') === value),
  )
  return condition && `Pod ${name} has condition ${condition.type}`
}

/** Exit code 0 is never a failure, whatever the rule lists. */
function exitCodeMatches(
  { name, state }: DeepReadonly<ContainerStatus>,
  { containerName, operator, values }: DeepReadonly<PodFailurePolicyOnExitCodesRequirement>,
): boolean {
  const exitCode = state?.terminated?.exitCode
  if (exitCode === undefined || exitCode === 0) return false
  if (containerName !== undefined && containerName !== name) return false
  if (operator === 'In') return values.includes(exitCode)
  return operator === 'NotIn' && !values.includes(exitCode)
}
