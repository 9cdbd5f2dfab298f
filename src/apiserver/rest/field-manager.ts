import type { DeepReadonly, KubeObject, ObjectMeta } from '../../machinery/object.ts'
import type { ResourceRequest } from './resource-request.ts'
import type { Draft } from './write-metadata.ts'
import type { WriteOptions } from './write-options.ts'

export interface TrackedWrite {
  readonly request: ResourceRequest
  readonly live: DeepReadonly<KubeObject> | undefined
  readonly draft: Draft
  readonly options: WriteOptions
}

/** Notes in managedFields who wrote what. */
export function trackFields({ live, draft }: TrackedWrite): void {
  if (live?.metadata?.managedFields) draft.metadata.managedFields = live.metadata.managedFields as never
  else delete draft.metadata.managedFields
}

/** An update that changes nothing but the time of an entry keeps the old time. */
export function keepFieldTimes(_metadata: ObjectMeta, _old: DeepReadonly<ObjectMeta>): void {}
