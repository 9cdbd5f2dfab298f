import type { ResourceDefinition } from '../../../api/resource-definition.ts'
import type { Answer, RequestContext } from '../../request.ts'

/** Serves a subresource that is more than data: token, eviction, log, exec, proxy… */
export type SubresourceHandler = (context: RequestContext, target: SubresourceTarget) => Promise<Answer>

export interface SubresourceTarget {
  readonly definition: ResourceDefinition
  readonly namespace: string
  readonly name: string
  readonly subresource: string
}
