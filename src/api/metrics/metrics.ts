import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { parseQuantity, quantityOf } from '../../machinery/quantity.ts'
import type { ObjectSchema } from '../../machinery/schema.ts'
import { nameColumn } from '../printing.ts'
import type { Column, ResourceDefinition } from '../resource-definition.ts'
import { metricsGroup, metricsVersion, nodeMetricsSchema, podMetricsSchema } from './schemas.ts'

/** What was used, as texts of quantities: `cpu` in cores, `memory` in bytes. */
export type ResourceUsage = Record<string, string>

interface Measured extends KubeObject {
  timestamp: string
  /** Over which time the CPU was measured: `15.02s`. */
  window: string
}

export interface NodeMetrics extends Measured {
  usage: ResourceUsage
}

export interface PodMetrics extends Measured {
  containers: { name: string; usage: ResourceUsage }[]
}

export const nodeMetrics = definitionOf<NodeMetrics>({
  kind: 'NodeMetrics',
  plural: 'nodes',
  namespaced: false,
  makeSchema: nodeMetricsSchema,
  usage: ({ usage }) => [usage],
})

export const podMetrics = definitionOf<PodMetrics>({
  kind: 'PodMetrics',
  plural: 'pods',
  namespaced: true,
  makeSchema: podMetricsSchema,
  usage: ({ containers }) => containers.map(({ usage }) => usage),
})

export const metricsDefinitions: readonly ResourceDefinition[] = [nodeMetrics, podMetrics]

interface Facts<T extends Measured> {
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
  readonly makeSchema: () => ObjectSchema
  readonly usage: (object: DeepReadonly<T>) => readonly DeepReadonly<ResourceUsage>[]
}

/** Nothing of the kind is stored: it can only be looked at. After metrics-server v0.8 pkg/api. */
function definitionOf<T extends Measured>({ kind, plural, namespaced, makeSchema, usage }: Facts<T>) {
  let schema: ObjectSchema | undefined
  const definition: ResourceDefinition<T> = {
    group: metricsGroup,
    version: metricsVersion,
    kind,
    listKind: `${kind}List`,
    plural,
    singular: '',
    shortNames: [],
    categories: [],
    namespaced,
    verbs: ['get', 'list'],
    get schema() {
      schema ??= makeSchema()
      return schema
    },
    storagePrefix: `${metricsGroup}/${plural}`,
    strategy: {},
    columns: [
      nameColumn as Column<T>,
      quantityColumn('cpu', usage),
      quantityColumn('memory', usage),
      { name: 'Window', type: 'string', format: 'duration', cell: ({ window }) => window as string },
    ],
  }
  return definition as unknown as ResourceDefinition
}

function quantityColumn<T extends Measured>(name: string, usage: Facts<T>['usage']): Column<T> {
  const cell = (object: DeepReadonly<T>) => {
    const used = usage(object).map((each) => parseQuantity(each[name] ?? '0'))
    return used.reduce((sum, each) => sum.add(each), quantityOf(0)).toString()
  }
  return { name, type: 'string', format: 'quantity', cell }
}
