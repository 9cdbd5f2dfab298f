import type { CustomResourceDefinition } from '../../../api/types/apiextensions/v1.ts'
import { invalidField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { NewCondition } from '../conditions.ts'

const type = 'NonStructuralSchema'

/**
 * What is said of definitions that v1 no longer lets in, but older servers did; `undefined`: nothing is wrong. After
 * apiextensions-apiserver controller/nonstructuralschema v1.36.
 */
export function nonStructuralSchema({ spec }: DeepReadonly<CustomResourceDefinition>): NewCondition | undefined {
  if (!spec.preserveUnknownFields) return undefined
  const { field, detail } = invalidField('spec.preserveUnknownFields', true, 'must be false')
  return { type, status: 'True', reason: 'Violations', message: `${field}: ${detail}` }
}
