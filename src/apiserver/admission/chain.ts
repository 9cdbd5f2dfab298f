import type { AdmissionAttributes, AdmissionChain, AdmissionPlugin, Reinvocation } from './admission.ts'
import type { AdmissionMetrics, Observe, Step } from './admission-metrics.ts'

type Operation = AdmissionAttributes['operation']

const operations: readonly Operation[] = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT']

/** Runs the plugins in the array's order; the first that throws ends it. Without `metrics` nothing is measured. */
export function admissionChain(plugins: readonly AdmissionPlugin[], metrics?: AdmissionMetrics): AdmissionChain {
  const mutating = phaseOf<MutatingPlugin>('admit', plugins.filter(isMutating), metrics)
  const validating = phaseOf<ValidatingPlugin>('validate', plugins.filter(isValidating), metrics)
  return {
    async mutate(attributes) {
      const phase = mutating.get(attributes.operation)!
      const rounds = new Rounds()
      const run = ({ plugin }: Measured<MutatingPlugin>) => plugin.mutate(attributes, rounds)
      await runAll(phase, run, metrics)
      if (!rounds.isRequested) return
      rounds.isReinvoke = true
      await runAll(phase, run, metrics)
    },
    validate(attributes) {
      const phase = validating.get(attributes.operation)!
      return runAll(phase, ({ plugin }) => plugin.validate(attributes), metrics)
    },
  }
}

type MutatingPlugin = AdmissionPlugin & Required<Pick<AdmissionPlugin, 'mutate'>>
type ValidatingPlugin = AdmissionPlugin & Required<Pick<AdmissionPlugin, 'validate'>>

function isMutating(plugin: AdmissionPlugin): plugin is MutatingPlugin {
  return plugin.mutate !== undefined
}

function isValidating(plugin: AdmissionPlugin): plugin is ValidatingPlugin {
  return plugin.validate !== undefined
}

/** Where to note how long something took, by how it ended. */
interface Observers {
  readonly accepted: Observe
  readonly rejected: Observe
}

interface Measured<P> {
  readonly plugin: P
  readonly observers: Observers
}

/** What one phase is for one operation. */
interface Phase<P> {
  readonly plugins: readonly Measured<P>[]
  readonly observers: Observers
}

const unmeasured: Observers = { accepted: () => {}, rejected: () => {} }

function phaseOf<P extends AdmissionPlugin>(
  step: Step,
  plugins: readonly P[],
  metrics: AdmissionMetrics | undefined,
): ReadonlyMap<Operation, Phase<P>> {
  const observers = (make: (metrics: AdmissionMetrics, rejected: boolean) => Observe): Observers =>
    metrics ? { accepted: make(metrics, false), rejected: make(metrics, true) } : unmeasured
  const phase = (operation: Operation): Phase<P> => ({
    plugins: plugins
      .filter(({ handles }) => handles.includes(operation))
      .map((plugin) => ({
        plugin,
        observers: observers((each, rejected) => each.controller(plugin.name, step, operation, rejected)),
      })),
    observers: observers((each, rejected) => each.step(step, operation, rejected)),
  })
  return new Map(operations.map((operation) => [operation, phase(operation)]))
}

/** Each plugin's end is the next one's beginning: the clock is read once a plugin. */
async function runAll<P>(
  { plugins, observers }: Phase<P>,
  run: (plugin: Measured<P>) => Promise<void> | void,
  metrics: AdmissionMetrics | undefined,
): Promise<void> {
  const nowMs = metrics?.nowMs ?? (() => 0)
  const startMs = nowMs()
  let lastMs = startMs
  for (const each of plugins) {
    try {
      const pending = run(each)
      if (pending) await pending
    } catch (error) {
      const endMs = nowMs()
      each.observers.rejected(endMs - lastMs)
      observers.rejected(endMs - startMs)
      throw error
    }
    const endMs = nowMs()
    each.observers.accepted(endMs - lastMs)
    lastMs = endMs
  }
  observers.accepted(lastMs - startMs)
}

/** One write's way through the mutating plugins. */
class Rounds implements Reinvocation {
  isReinvoke = false
  isRequested = false
  #states: Map<string, unknown> | undefined

  request(): void {
    this.isRequested = true
  }

  state<T>(plugin: string, create: () => T): T {
    this.#states ??= new Map()
    if (!this.#states.has(plugin)) this.#states.set(plugin, create())
    return this.#states.get(plugin) as T
  }
}
