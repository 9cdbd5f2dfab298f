import type { Priority } from './group-order.ts'

/** A resource as the aggregated document shows it. */
export type AggregatedResource = Readonly<Record<string, unknown>>

/** A group-version that another server answers, as far as it could be asked. */
export interface RemoteVersion {
  readonly group: string
  readonly version: string
  readonly resources: readonly AggregatedResource[]
  /** `Stale`: the server did not answer the last time it was asked. */
  readonly freshness: 'Current' | 'Stale'
}

/** The group-versions of other servers, which stand in the same documents as this server's own. */
export interface RemoteVersions {
  all(): readonly RemoteVersion[]
  /** What the APIService of a group-version says of its place; undefined when there is none. */
  priorityOf(group: string, version: string): Priority | undefined
  /** Called when a document has to be made anew. */
  onChange(callback: () => void): () => void
}

/** Where this server answers everything itself. */
export const noRemoteVersions: RemoteVersions = {
  all: () => [],
  priorityOf: () => undefined,
  onChange: () => () => {},
}
