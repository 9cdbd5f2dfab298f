import type { ResourceDefinition } from '../../api/resource-definition.ts'
import { type FieldError, invalid, type ResourceName } from '../../machinery/errors.ts'
import { parseApiVersion } from '../../machinery/object.ts'
import type { StatusError } from '../../machinery/status.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Store } from '../../store/store.ts'
import type { AdmissionChain } from '../admission/admission.ts'
import type { ResourceRegistry } from '../registry.ts'
import type { RequestContext } from '../request.ts'
import type { BookmarkTicker } from '../watch-cache/bookmark-ticker.ts'
import type { CreateAuthorizer } from './authorize-create.ts'
import type { ServerFields } from './server-fields/server-fields.ts'

/** What every verb needs of the server. */
export interface RestServices {
  readonly registry: ResourceRegistry
  readonly store: Store
  readonly admission: AdmissionChain
  readonly clock: Clock
  readonly bookmarks: BookmarkTicker
  /** PUT and apply of a name that is not there need the right to create. */
  readonly authorizeCreate: CreateAuthorizer
  /** Fields that take other objects to fill: a Service's addresses and ports. */
  readonly serverFields: ServerFields
  /** A watch that names no end lasts this long, up to twice as long, so that they do not all end at once. */
  readonly minWatchSeconds: number
  /** A random whole number below `limit`, for names and timeouts. */
  readonly random: (limit: number) => number
}

/** One request for one resource. */
export interface ResourceRequest {
  readonly services: RestServices
  readonly context: RequestContext
  readonly definition: ResourceDefinition
  /** Empty for all namespaces and for kinds without. */
  readonly namespace: string
  /** Empty for collections. */
  readonly name: string
  readonly subresource: string
}

/** `/registry/pods/` or `/registry/pods/default/`: what all keys of a collection begin with. */
export function collectionPrefix({ storagePrefix, namespaced }: ResourceDefinition, namespace: string): string {
  return namespaced && namespace !== '' ? `/registry/${storagePrefix}/${namespace}/` : `/registry/${storagePrefix}/`
}

/** Where an object lies. Upstream's keys, so that either server can read the other's store. */
export function objectStoreKey(definition: ResourceDefinition, namespace: string, name: string): string {
  return collectionPrefix(definition, namespace) + name
}

/** Group and plural, as errors name them. */
export function resourceName({ group, plural }: ResourceDefinition): ResourceName {
  return { group, resource: plural }
}

/** What validation says is wrong, by the kind that is stored: an Event of any API is the core one. */
export function invalidObject(
  definition: ResourceDefinition,
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const { conversion, group, kind } = definition
  const stored = conversion ? parseApiVersion(conversion.storageApiVersion).group : group
  return invalid({ group: stored, kind }, name, errors)
}

/** Kinds whose errors name group and kind instead. */
export function kindName({ group, kind }: ResourceDefinition): ResourceName {
  return { group, resource: kind }
}
