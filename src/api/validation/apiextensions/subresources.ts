import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField, requiredField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { CustomResourceColumnDefinition, CustomResourceSubresources } from '../../types/apiextensions/v1.ts'

/** After ValidateCustomResourceDefinitionSubresources of apiextensions validation.go v1.36. */
export function subresourcesErrors(
  subresources: DeepReadonly<CustomResourceSubresources> | undefined,
  path: string,
): FieldError[] {
  const scale = subresources?.scale
  if (scale === undefined) return []
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale
  return [
    ...scalePathErrors(specReplicasPath, `${path}.scale.specReplicasPath`, ['.spec']),
    ...scalePathErrors(statusReplicasPath, `${path}.scale.statusReplicasPath`, ['.status']),
    ...(labelSelectorPath
      ? scalePathErrors(labelSelectorPath, `${path}.scale.labelSelectorPath`, ['.spec', '.status'])
      : []),
  ]
}

function scalePathErrors(text: string | undefined, path: string, parents: readonly string[]): FieldError[] {
  if (!text) return [requiredField(path)]
  const errors = simplePathErrors(text, path)
  if (errors.length > 0 || parents.some((parent) => text.startsWith(`${parent}.`))) return errors
  const where = parents.length === 1 ? `under ${parents[0]}` : `under either ${parents.join(' or ')}`
  return [invalidField(path, text, `should be a json path ${where}`)]
}

function simplePathErrors(text: string, path: string): FieldError[] {
  return text.startsWith('.') ? [] : [invalidField(path, text, 'must be a simple json path starting with .')]
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string']
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']

/** After ValidateCustomResourceColumnDefinition. */
export function columnErrors(column: DeepReadonly<CustomResourceColumnDefinition>, path: string): FieldError[] {
  const { name, type, format, jsonPath } = column
  const oneOfTypes = `must be one of ${columnTypes.join(',')}`
  const errors: FieldError[] = []
  if (!name) errors.push(requiredField(`${path}.name`))
  if (!type) errors.push(requiredField(`${path}.type`, oneOfTypes))
  else if (!columnTypes.includes(type)) errors.push(invalidField(`${path}.type`, type, oneOfTypes))
  if (format && !columnFormats.includes(format))
    errors.push(invalidField(`${path}.format`, format, `must be one of ${columnFormats.join(',')}`))
  if (!jsonPath) errors.push(requiredField(`${path}.JSONPath`))
  else errors.push(...simplePathErrors(jsonPath, `${path}.JSONPath`))
  return errors
}
