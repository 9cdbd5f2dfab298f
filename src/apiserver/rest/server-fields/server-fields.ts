import type { ResourceDefinition } from '../../../api/resource-definition.ts'
import type { DeepReadonly, KubeObject } from '../../../machinery/object.ts'

/** A write that server-owned fields are filled for. */
export interface FieldsWrite {
  readonly definition: ResourceDefinition
  /** May be changed. */
  readonly draft: KubeObject
  /** Undefined: the object is new. */
  readonly old: DeepReadonly<KubeObject> | undefined
  /** Nothing is to be taken for good. */
  readonly dryRun: boolean
}

/** What was taken for a write that is under way: kept when it is written, given back when it is not. */
export interface Taken {
  commit(): Promise<void>
  rollback(): Promise<void>
}

/** The few kinds whose writes touch other objects. After the BeginCreate, BeginUpdate and AfterDelete hooks upstream. */
export interface ServerFields {
  /** Before validation; fills the draft. Undefined: the kind needs nothing. Throws to refuse the write. */
  begin(write: FieldsWrite): Promise<Taken | undefined>
  /** Whether an object whose finalizers are gone may go with them. */
  mayGo(definition: ResourceDefinition, object: DeepReadonly<KubeObject>): boolean
  /** Gives back what belonged to an object that is gone. */
  afterDelete(definition: ResourceDefinition, object: DeepReadonly<KubeObject>): Promise<void>
}
