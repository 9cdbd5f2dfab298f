import type { AdmissionAttributes, AdmissionChain, AdmissionPlugin } from './admission.ts'

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
      for (const plugin of mutating.get(attributes.operation)!) {
        const pending = plugin.mutate!(attributes)
        if (pending) await pending
      }
    },
    async validate(attributes) {
      for (const plugin of validating.get(attributes.operation)!) {
        const pending = plugin.validate!(attributes)
        if (pending) await pending
      }
    },
  }
}
