import { labelKeyErrors } from '../../machinery/label-syntax.ts'

const standard: ReadonlySet<string> = new Set(['orphan', 'foregroundDeletion', 'kubernetes'])
const path = 'metadata.finalizers'
const why = 'to avoid accidental conflicts with other finalizer writers'

/** What is odd about finalizers that an object did not have before. After registry/customresource/validator.go v1.36. */
export function finalizerWarnings(finalizers: readonly string[], old: readonly string[]): string[] {
  const added = [...new Set(finalizers)].filter((finalizer) => !old.includes(finalizer)).sort()
  return added.flatMap((finalizer) => {
    const quoted = JSON.stringify(finalizer)
    const warnings = labelKeyErrors(finalizer).map((error) => `${path}: ${quoted}: ${error}`)
    if (finalizer.includes('/') || standard.has(finalizer)) return warnings
    const how = finalizer.includes('.') ? ' including a path (/)' : ''
    return [...warnings, `${path}: ${quoted}: prefer a domain-qualified finalizer name${how} ${why}`]
  })
}
