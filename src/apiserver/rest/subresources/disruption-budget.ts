import type { ResourceDefinition } from '../../../api/resource-definition.ts'
import type { Pod } from '../../../api/types/core/v1.ts'
import type { PodDisruptionBudget } from '../../../api/types/policy/v1.ts'
import { forbidden, tooManyRequests } from '../../../machinery/errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { labelSelectorMatcher, SelectorError } from '../../../machinery/selectors.ts'
import { type Status, StatusError } from '../../../machinery/status.ts'
import { prefixEnd } from '../../../store/store.ts'
import { collectionPrefix, type ResourceRequest } from '../resource-request.ts'
import { rewriteObject } from '../rewrite.ts'
import { servedObject } from '../stored-object.ts'
import { timeText } from '../write-metadata.ts'

export type BudgetVerdict =
  /** The budget has counted the eviction, or there is none. */
  | { readonly kind: 'allowed' }
  /** A Pod that is not ready may go without being counted, as long as it is not ready. */
  | { readonly kind: 'unhealthy'; readonly budget: string }
  | { readonly kind: 'refused'; readonly status: Status }

/** More disrupted Pods than these mean that nobody looks after the budget. */
const maxDisruptedPods = 2_000
const violation = "Cannot evict pod as it would violate the pod's disruption budget."

type Budget = DeepReadonly<PodDisruptionBudget>

/** Asks the Pod's budget, and takes one disruption of it. Throws 429 when it has none left. */
export async function budgetVerdict(
  request: ResourceRequest,
  pod: DeepReadonly<Pod>,
  dryRun: boolean,
): Promise<BudgetVerdict> {
  const definition = request.services.registry.lookup('policy', 'v1', 'poddisruptionbudgets')
  const [budget, ...more] = definition ? budgetsOf(request, definition, pod) : []
  if (!definition || !budget) return { kind: 'allowed' }
  if (more.length > 0) return { kind: 'refused', status: severalBudgets() }
  const name = budget.metadata!.name!
  if (!isReady(pod) && mayGoUnready(budget)) return { kind: 'unhealthy', budget: name }
  await rewriteObject({
    request: { ...request, definition },
    name,
    dryRun,
    change: (current) => disrupted(current as Budget, pod.metadata!.name!, request.services.clock.nowMs()),
  })
  return { kind: 'allowed' }
}

function budgetsOf(request: ResourceRequest, definition: ResourceDefinition, pod: DeepReadonly<Pod>): Budget[] {
  const { services, namespace } = request
  const prefix = collectionPrefix(definition, namespace)
  return [...services.store.snapshot().range(prefix, prefixEnd(prefix))]
    .map((entry) => servedObject(entry, definition).object as Budget)
    .filter((budget) => selects(budget, pod))
}

function selects({ spec }: Budget, pod: DeepReadonly<Pod>): boolean {
  try {
    return labelSelectorMatcher(spec?.selector as never)(pod.metadata?.labels)
  } catch (error) {
    // A selector that cannot be read selects nothing, as upstream skips such budgets.
    if (error instanceof SelectorError) return false
    throw error
  }
}

function severalBudgets(): Status {
  const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.'
  return new StatusError({ code: 500, message }).status
}

function isReady({ status }: DeepReadonly<Pod>): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false
}

function mayGoUnready({ spec, status }: Budget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {}
  return currentHealthy >= desiredHealthy && desiredHealthy > 0
}

/** The budget with one disruption less. After checkAndDecrement of pkg/registry/core/pod/storage/eviction.go. */
function disrupted(budget: Budget, pod: string, nowMs: number): PodDisruptionBudget {
  const { metadata, status } = budget
  const name = metadata!.name!
  if ((status?.observedGeneration ?? 0) < (metadata!.generation ?? 0)) throw stillProcessed(name)
  const allowed = status?.disruptionsAllowed ?? 0
  const resource = { group: 'policy', resource: 'poddisruptionbudget' }
  if (allowed < 0) throw forbidden(resource, name, 'pdb disruptions allowed is negative')
  if (Object.keys(status?.disruptedPods ?? {}).length > maxDisruptedPods) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller'
    throw forbidden(resource, name, why)
  }
  if (allowed === 0) throw noneLeft(budget)
  const current = budget as PodDisruptionBudget
  return {
    ...current,
    status: {
      ...current.status!,
      disruptionsAllowed: allowed - 1,
      disruptedPods: { ...current.status?.disruptedPods, [pod]: timeText(nowMs) },
      ...(allowed === 1 ? { conditions: insufficient(current, nowMs) } : {}),
    },
  }
}

function insufficient({ metadata, status }: PodDisruptionBudget, nowMs: number) {
  const conditions = status?.conditions ?? []
  const old = conditions.find(({ type }) => type === 'DisruptionAllowed')
  const condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    observedGeneration: metadata?.generation ?? 0,
    lastTransitionTime: old?.status === 'False' ? old.lastTransitionTime : timeText(nowMs),
    reason: 'InsufficientPods',
    message: '',
  }
  return [...conditions.filter((each) => each !== old), condition]
}

/** 429: the budget's controller has not seen its newest form yet. */
export function stillProcessed(budget: string): StatusError {
  return violated(10, `The disruption budget ${budget} is still being processed by the server.`)
}

function noneLeft({ metadata, status }: Budget): StatusError {
  const name = metadata!.name
  const condition = status?.conditions?.find(({ type }) => type === 'DisruptionAllowed')
  const why = condition?.status === 'False' && condition.message ? condition : undefined
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {}
  const notNow = `The disruption budget ${name} does not allow evicting pods currently`
  if (why?.reason === 'SyncFailed') return violated(0, `${notNow} because it failed sync: ${why.message}`)
  if (currentHealthy <= desiredHealthy) {
    return violated(
      0,
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    )
  }
  return violated(0, why ? `${notNow} (${why.reason}): ${why.message}` : notNow)
}

function violated(retryAfterSeconds: number, message: string): StatusError {
  const { status } = tooManyRequests(violation, retryAfterSeconds)
  const causes = [{ reason: 'DisruptionBudget', message }]
  return new StatusError({ ...status, details: retryAfterSeconds > 0 ? { retryAfterSeconds, causes } : { causes } })
}
