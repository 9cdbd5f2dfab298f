import type { Verb } from '../resource-definition.ts'

/** What discovery says of a resource. */
export interface ResourceFacts {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly singular: string
  readonly kind: string
  readonly namespaced: boolean
  readonly verbs: readonly Verb[]
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  /** Upstream's hash of the version that is stored; absent where nothing is stored. */
  readonly storageVersionHash?: string
  /** By name: `status`, `scale`, `log`… */
  readonly subresources: Readonly<Record<string, SubresourceFacts>>
}

export interface SubresourceFacts {
  readonly kind: string
  readonly verbs: readonly Verb[]
  /** Set where the kind belongs to another group-version than the resource: Scale, Eviction, TokenRequest. */
  readonly group?: string
  readonly version?: string
}
