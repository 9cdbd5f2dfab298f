import type { Pod } from '../../api/types/core/v1.ts'
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/types/policy/v1.ts'
import { podDisruptionBudgets, pods } from '../../api/types/resources.ts'
import { byNamespace, type Cached, type Informer } from '../../client/informer.ts'
import { objectKey } from '../../machinery/object.ts'
import { isStatus } from '../../machinery/status.ts'
import { formatTime } from '../../machinery/time.ts'
import {
  type Controller,
  type ControllerContext,
  type ControllerInstance,
  type ReconcileResult,
  type WatchEvent,
  watch,
} from '../controller.ts'
import { selectorMatches } from '../label-match.ts'
import { messageOf } from '../pod-control.ts'
import { canonical } from '../pod-template-hash.ts'
import { isPodTerminal, podCondition } from '../pods.ts'
import { failedStatus, needsScale, planDisruptionBudget } from './plan-disruption-budget.ts'
import { createPodScale, type PodScale } from './pod-scale.ts'

/** A Pod that was to be disrupted and lives on for so long is no longer said to be. */
const staleDisruptionMs = 120_000
const stalePrefix = 'stale:'

/** Counts for each PodDisruptionBudget how many Pods may be evicted. After pkg/controller/disruption. */
export const disruption: Controller = {
  name: 'disruption-controller',
  serviceAccount: 'disruption-controller',
  eventSource: 'controllermanager',
  create: (context) => new DisruptionController(context),
}

class DisruptionController implements ControllerInstance {
  readonly watches
  readonly #context: ControllerContext
  readonly #budgets: Informer<PodDisruptionBudget>
  readonly #pods: Informer<Pod>
  readonly #scale: PodScale

  constructor(context: ControllerContext) {
    this.#context = context
    this.#budgets = context.informers.informerFor(podDisruptionBudgets)
    this.#pods = context.informers.informerFor(pods)
    this.#scale = createPodScale(context.informers)
    this.watches = [
      watch(this.#budgets, ({ object }) => [objectKey(object)]),
      watch(this.#pods, (event) => this.#keysOfPod(event)),
      ...this.#scale.watches,
    ]
  }

  async reconcile(key: string): Promise<ReconcileResult | undefined> {
    if (key.startsWith(stalePrefix)) return this.#forgetDisruption(key.slice(stalePrefix.length))
    const budget = this.#budgets.get(key)
    if (!budget) return undefined
    try {
      return await this.#count(budget)
    } catch (error) {
      if (isStatus(error, 'Conflict')) throw error
      this.#context.log.warn('a disruption budget cannot be worked out, nothing may be evicted', { key, error })
      await this.#writeStatus(budget, failedStatus(budget, messageOf(error), this.#context.clock.nowMs()))
      return undefined
    }
  }

  async #count(budget: Cached<PodDisruptionBudget>): Promise<ReconcileResult | undefined> {
    const { events, clock } = this.#context
    const selected = this.#selectedBy(budget)
    if (selected.length === 0) events.event(budget, 'Normal', 'NoPods', 'No matching pods found')
    const scale = needsScale(budget) ? this.#scaleOf(budget, selected) : 0
    const plan = planDisruptionBudget({ budget, pods: selected, scale, nowMs: clock.nowMs() })
    const { namespace } = budget.metadata
    for (const pod of plan.notDeleted) {
      const message = `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`
      events.event(pod, 'Warning', 'NotDeleted', message)
    }
    await this.#writeStatus(budget, plan.status)
    return plan.recheckMs === undefined ? undefined : { requeueAfterMs: plan.recheckMs }
  }

  #selectedBy({ metadata, spec }: Cached<PodDisruptionBudget>): readonly Cached<Pod>[] {
    return this.#pods
      .byIndex(byNamespace, metadata.namespace ?? '')
      .filter((pod) => selectorMatches(spec?.selector, pod.metadata.labels))
  }

  #scaleOf(budget: Cached<PodDisruptionBudget>, selected: readonly Cached<Pod>[]): number {
    const { events } = this.#context
    try {
      const { scale, unmanaged } = this.#scale.of(selected)
      if (unmanaged.length > 0) {
        const message = `Pods selected by this PodDisruptionBudget (selector: ${JSON.stringify(budget.spec?.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`
        events.event(budget, 'Warning', 'UnmanagedPods', message)
      }
      return scale
    } catch (error) {
      const message = `Failed to calculate the number of expected pods: ${messageOf(error)}`
      events.event(budget, 'Warning', 'CalculateExpectedPodCountFailed', message)
      throw error
    }
  }

  async #writeStatus(budget: Cached<PodDisruptionBudget>, status: PodDisruptionBudgetStatus): Promise<void> {
    if (canonical(status) === canonical(budget.status ?? {})) return
    await this.#context.client.of(podDisruptionBudgets).updateStatus({ ...(budget as PodDisruptionBudget), status })
  }

  /** Both the old and the new labels of a Pod may bring it under a budget. */
  #keysOfPod({ object: pod, previous, type }: WatchEvent<Pod>): string[] {
    const all = [pod.metadata.labels, ...(previous ? [previous.metadata.labels] : [])]
    const keys = this.#budgets
      .byIndex(byNamespace, pod.metadata.namespace ?? '')
      .filter(({ spec }) => all.some((labels) => selectorMatches(spec?.selector, labels)))
      .map(objectKey)
    return type !== 'deleted' && disruptedSinceMs(pod) !== undefined ? [...keys, stalePrefix + objectKey(pod)] : keys
  }

  async #forgetDisruption(key: string): Promise<ReconcileResult | undefined> {
    const pod = this.#pods.get(key)
    const sinceMs = pod && disruptedSinceMs(pod)
    if (!pod || sinceMs === undefined) return undefined
    const nowMs = this.#context.clock.nowMs()
    const leftMs = sinceMs + staleDisruptionMs - nowMs
    if (leftMs > 0) return { requeueAfterMs: leftMs }
    const { name, namespace = '', uid } = pod.metadata
    const condition = {
      type: 'DisruptionTarget',
      status: 'False',
      reason: null,
      message: null,
      lastTransitionTime: formatTime(nowMs),
    }
    const body = { metadata: { uid }, status: { conditions: [condition] } }
    await this.#context.client.of(pods).patch(name, body, { type: 'strategic', namespace, subresource: 'status' })
    return undefined
  }
}

/** Undefined for a Pod that is going, is over, or is ended by its kubelet, which may take any time. */
function disruptedSinceMs(pod: Cached<Pod>): number | undefined {
  const condition = podCondition(pod, 'DisruptionTarget')
  if (condition?.status !== 'True' || condition.reason === 'TerminationByKubelet') return undefined
  if (pod.metadata.deletionTimestamp || isPodTerminal(pod)) return undefined
  return Date.parse(condition.lastTransitionTime ?? '')
}
