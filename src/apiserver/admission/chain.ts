import type { AdmissionAttributes, AdmissionChain, AdmissionPlugin, Reinvocation } from './admission.ts'

type Phase = 'mutate' | 'validate'
type Operation = AdmissionAttributes['operation']

/** Runs the plugins in the array's order; the first that throws ends it. */
export function admissionChain(plugins: readonly AdmissionPlugin[]): AdmissionChain {
  const concerned = (phase: Phase, operation: Operation) =>
    plugins.filter((plugin) => plugin[phase] && plugin.handles.includes(operation))
  const operations: readonly Operation[] = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT']
  const byPhase = (phase: Phase) => new Map(operations.map((operation) => [operation, concerned(phase, operation)]))
  const mutating = byPhase('mutate')
  const validating = byPhase('validate')
  return {
    async mutate(attributes) {
      const plugins = mutating.get(attributes.operation)!
      const rounds = new Rounds()
      await mutateAll(plugins, attributes, rounds)
      if (!rounds.isRequested) return
      rounds.isReinvoke = true
      await mutateAll(plugins, attributes, rounds)
    },
    async validate(attributes) {
      for (const plugin of validating.get(attributes.operation)!) {
        const pending = plugin.validate!(attributes)
        if (pending) await pending
      }
    },
  }
}

async function mutateAll(
  plugins: readonly AdmissionPlugin[],
  attributes: AdmissionAttributes,
  reinvocation: Reinvocation,
): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin.mutate!(attributes, reinvocation)
    if (pending) await pending
  }
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
