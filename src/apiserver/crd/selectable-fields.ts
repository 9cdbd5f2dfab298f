import type { ResourceDefinition } from '../../api/resource-definition.ts'
import type { SelectableField } from '../../api/types/apiextensions/v1.ts'
import { parseJsonPath } from '../../machinery/json-path.ts'
import type { DeepReadonly } from '../../machinery/object.ts'

type Fields = NonNullable<ResourceDefinition['selectableFields']>

/**
 * What objects can be selected by beside their name and namespace. Validation lets in only paths of plain fields that
 * hold strings, whole numbers or booleans. After apiextensions-apiserver registry/customresource/strategy.go v1.36.
 */
export function customSelectableFields(wanted: readonly DeepReadonly<SelectableField>[] = []): Fields {
  return Object.fromEntries(
    wanted.map(({ jsonPath }) => {
      const path = parseJsonPath(jsonPath)
      const read: Fields[string] = (object) => {
        const [value] = path(object)
        return value === undefined || value === null ? '' : String(value)
      }
      return [jsonPath.replace(/^\./, ''), read]
    }),
  )
}
