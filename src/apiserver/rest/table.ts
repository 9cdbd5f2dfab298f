import type { Column, ResourceDefinition } from '../../api/resource-definition.ts'
import type { DeepReadonly, KubeObject, ListMeta } from '../../machinery/object.ts'

export type IncludeObject = 'Metadata' | 'Object' | 'None'

/** What kubectl prints. After apimachinery meta/v1 Table. */
export interface Table extends KubeObject {
  readonly columnDefinitions: readonly TableColumn[] | null
  readonly rows: readonly TableRow[]
}

interface TableColumn {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  readonly priority: number
}

interface TableRow {
  readonly cells: readonly (string | number | boolean | null)[]
  readonly object: DeepReadonly<KubeObject> | null
}

export interface TableOptions {
  readonly definition: ResourceDefinition
  readonly objects: readonly DeepReadonly<KubeObject>[]
  readonly metadata: ListMeta
  /** `meta.k8s.io/v1` or `meta.k8s.io/v1beta1`. */
  readonly apiVersion: string
  readonly includeObject: IncludeObject
  readonly nowMs: number
}

/** What a kind without columns of its own prints. After apiserver registry/rest/table.go. */
const defaultColumns: readonly Column[] = [
  { name: 'Name', type: 'string', format: 'name', cell: (object) => object.metadata?.name ?? '' },
  { name: 'Created At', type: 'date', cell: (object) => object.metadata?.creationTimestamp ?? null },
]

/** Objects as rows, in the definition's columns. */
export function createTable(options: TableOptions): DeepReadonly<Table> {
  const { definition, objects, metadata, apiVersion, nowMs } = options
  const columns = definition.columns.length > 0 ? definition.columns : defaultColumns
  return {
    kind: 'Table',
    apiVersion,
    metadata: metadata as object,
    columnDefinitions: columns.map(columnDefinition),
    rows: objects.map((object) => ({
      cells: columns.map(({ cell }) => cell(object, nowMs)),
      object: rowObject(object, options),
    })),
  }
}

function columnDefinition({ name, type, format = '', priority = 0 }: Column): TableColumn {
  return { name, type, format, description: '', priority }
}

function rowObject(object: DeepReadonly<KubeObject>, { includeObject, apiVersion }: TableOptions) {
  switch (includeObject) {
    case 'None':
      return null
    case 'Object':
      return object
    case 'Metadata':
      return { kind: 'PartialObjectMetadata', apiVersion, metadata: object.metadata ?? {} }
  }
}
