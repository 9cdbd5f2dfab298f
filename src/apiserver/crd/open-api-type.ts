import type { JSONSchemaProps } from '../../api/types/apiextensions/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'

type Node = Readonly<Record<string, unknown>>

/** What OpenAPI shows of a custom resource. */
export function openApiType(schema: DeepReadonly<JSONSchemaProps> | undefined, _version: 'v2' | 'v3'): Node {
  return { ...(schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }) }
}
