import type { RestServices } from '../resource-request.ts'
import { bindingHandler } from './binding.ts'
import { evictionHandler } from './eviction.ts'
import type { SubresourceHandler } from './handler.ts'

/** The subresources that the REST layer serves by itself and not by data alone, by `resource/subresource`. */
export function subresourceHandlers(services: RestServices): Record<string, SubresourceHandler> {
  return {
    'pods/binding': bindingHandler(services),
    'pods/eviction': evictionHandler(services),
  }
}
