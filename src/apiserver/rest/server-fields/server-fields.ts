import type { ResourceDefinition } from '../../../api/resource-definition.ts'
import type { DeepReadonly, KubeObject } from '../../../machinery/object.ts'

/** What was taken for a write that is under way: kept when it is written, given back when it is not. */
export interface Taken {
  commit(): void
  rollback(): Promise<void>
}

/** The write that a server-owned field is for. */
export interface FieldsRequest {
  readonly definition: ResourceDefinition
  /** Empty for kinds without. */
  readonly namespace: string
}

/** The few kinds whose writes touch other objects. After the BeginCreate, BeginUpdate and AfterDelete hooks upstream. */
export interface ServerFields {
  /** Before validation; fills the draft. Undefined: the kind needs nothing. */
  begin(
    request: FieldsRequest,
    draft: KubeObject,
    old: DeepReadonly<KubeObject> | undefined,
  ): Promise<Taken | undefined>
  /** Whether an object whose finalizers are gone may go with them. */
  mayGo(definition: ResourceDefinition, object: DeepReadonly<KubeObject>): boolean
  /** Gives back what belonged to an object that is gone. */
  afterDelete(request: FieldsRequest, object: DeepReadonly<KubeObject>): Promise<void>
}
