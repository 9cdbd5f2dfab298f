import type { Decoded } from '../machinery/decode.ts'
import type { FieldError } from '../machinery/errors.ts'
import type { DeepReadonly, KubeObject } from '../machinery/object.ts'
import type { ObjectSchema } from '../machinery/schema.ts'

/**
 * A kind as a value: all that the REST handlers know of it. Built-in kinds are written down in `api/<group>/<kind>.ts`;
 * a CustomResourceDefinition yields the very same value at run time.
 */
export interface ResourceDefinition<T extends KubeObject = KubeObject> {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly listKind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  readonly verbs: readonly Verb[]
  readonly schema: ObjectSchema
  /** Where the objects lie, below `/registry/`: upstream's folder, such as `pods` or `services/specs`. */
  readonly storagePrefix: string
  /** Set where several served versions share one storage form (autoscaling v1 and v2, Event). */
  readonly conversion?: Conversion<T>
  /** Fills what a client left out. Called on a draft after decoding and after each patch; must be idempotent. */
  readonly applyDefaults?: (object: T) => void
  readonly strategy: Strategy<T>
  /** The whole Table that kubectl prints, the name included. Empty: upstream's default table, Name and Created At. */
  readonly columns: readonly Column<T>[]
  /** Field selectors beside metadata.name and metadata.namespace. */
  readonly selectableFields?: Readonly<Record<string, (object: DeepReadonly<T>) => string>>
  readonly subresources?: Readonly<Record<string, Subresource<T>>>
  /**
   * Says whether the name may be used; upstream's texts, without the path. Default: a DNS-1123 subdomain. `object`:
   * the new object that has it.
   */
  readonly validateName?: (name: string, prefix: boolean, object?: DeepReadonly<T>) => readonly string[]
  /** A warning of every answer, for a kind that is going away. */
  readonly deprecation?: string
  /** Custom resources: what takes the place of `schema` where objects are read and written. */
  readonly custom?: CustomForm
}

/** How custom objects are read and kept: as they were sent, as far as the schema of their definition knows them. */
export interface CustomForm {
  /**
   * What a client sent, as a draft of its own: without what the schema does not know, which `strictErrors` names.
   * Throws DecodeError.
   */
  readonly decode: (value: unknown) => Decoded
  /** A draft as it is kept: pruned, members in order. The draft is given up. */
  readonly canonical: (draft: KubeObject) => KubeObject
  /** The fields that a version of the kind has; `undefined` for a version there is not. */
  readonly fieldsOf: (apiVersion: string) => ObjectSchema | undefined
  /** What OpenAPI shows as the type of the objects, below the name `schema` has. */
  readonly openApi: (version: 'v2' | 'v3') => Readonly<Record<string, unknown>>
  /** Aborts when this value is served no more, because the definition changed or went: watches end. */
  readonly retired: AbortSignal
}

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch'

export interface Conversion<T extends KubeObject = KubeObject> {
  /** The version objects are stored in, such as `autoscaling/v2`. */
  readonly storageApiVersion: string
  readonly toStorage: (object: T) => KubeObject
  readonly fromStorage: (object: DeepReadonly<KubeObject>) => T
  /** Set where somebody else converts between versions: `toStorage` and `fromStorage` then know only their own. */
  readonly remote?: RemoteConversion
}

/** Conversion by a call. Rejects with a StatusError when that fails. */
export interface RemoteConversion {
  /** An object of any version of the kind as another version has it. */
  readonly toVersion: (object: DeepReadonly<KubeObject>, apiVersion: string) => Promise<KubeObject>
  /** Stored objects as they are served, in their order. Asked about the same object twice at a time, it calls once. */
  readonly fromStorage: (objects: readonly DeepReadonly<KubeObject>[]) => Promise<readonly KubeObject[]>
}

/** What a strategy may know of the request beside the objects. */
export interface StrategyContext {
  readonly nowMs: number
  readonly namespace: string | undefined
  readonly dryRun: boolean
  /** Says something to the client in a Warning header, whatever becomes of the request. */
  readonly warn: (text: string) => void
  readonly user: {
    readonly name: string
    readonly uid?: string
    readonly groups: readonly string[]
    readonly extra?: Readonly<Record<string, readonly string[]>>
  }
}

/**
 * What a write may do. Drafts are the request's own copy and may be changed; `old` is shared and frozen.
 * After apiserver registry/rest create.go, update.go and delete.go.
 */
export interface Strategy<T extends KubeObject = KubeObject> {
  /** Clears what the client must not set (status…), sets what the server owns. */
  readonly prepareForCreate?: (draft: T, context: StrategyContext) => void
  /** Resets what this write must not touch to `old`. */
  readonly prepareForUpdate?: (draft: T, old: DeepReadonly<T>, context: StrategyContext) => void
  readonly validate?: (object: DeepReadonly<T>, context: StrategyContext) => FieldError[]
  readonly validateUpdate?: (object: DeepReadonly<T>, old: DeepReadonly<T>, context: StrategyContext) => FieldError[]
  /**
   * What the kind's own rules of an update say about metadata once more, after the rules for every kind: errors are
   * listed again, as upstream lists them. `whole`: ValidateObjectMeta; `change`, the default: ValidateObjectMetaUpdate;
   * `own`: all other rules of the kind, which come last where this is not said.
   */
  readonly metadataChecksOnUpdate?: readonly ('whole' | 'change' | 'own')[]
  /** The draft as upstream has it once converted to its internal version and back, where that adds something. */
  readonly asConverted?: (draft: DeepReadonly<T>) => DeepReadonly<T>
  /** Paths below which this write owns no fields, beside the status, or beside all but the status of a status write. */
  readonly resetFields?: readonly (readonly string[])[]
  readonly warnings?: (object: DeepReadonly<T>, old: DeepReadonly<T> | undefined) => string[]
  /** PUT of a name that does not exist creates it (Lease, Event…). */
  readonly allowCreateOnUpdate?: boolean
  /** PUT without resourceVersion overwrites. Default true; false for the kinds where upstream insists on it. */
  readonly allowUnconditionalUpdate?: boolean
  /**
   * `metadata.generation` counts changes of these fields: top-level ones, or `metadata.annotations` and
   * `metadata.labels`. Default none; most kinds: ['spec'].
   */
  readonly generationFields?: readonly string[]
  /** Pods: how long the object stays after DELETE before it goes; `undefined`: at once. */
  readonly gracePeriodSeconds?: (object: DeepReadonly<T>, requested: number | undefined) => number | undefined
  /** Which finalizer DELETE adds when the client gives no propagation policy. */
  readonly defaultPropagation?: 'Background' | 'Orphan'
  /** Said when a DELETE names no propagation policy. */
  readonly defaultPropagationWarning?: string
  /** DELETE answers the object that is gone instead of a Status. */
  readonly returnsDeletedObject?: boolean
}

export interface Column<T extends KubeObject = KubeObject> {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: string
  /** 0: always shown; 1 and above: with `-o wide`. */
  readonly priority?: number
  readonly cell: (object: DeepReadonly<T>, nowMs: number) => string | number | boolean | null
}

/** A subresource the REST handlers can serve by data alone. Streams (exec, log…) have handlers of their own. */
export type Subresource<T extends KubeObject = KubeObject> =
  /** Reads and writes part of the object itself: `status`, `approval`, `resize`, `ephemeralcontainers`, `finalize`. */
  | { readonly kind: 'part'; readonly verbs: readonly Verb[]; readonly strategy: Strategy<T> }
  | { readonly kind: 'scale'; readonly scale: ScalePaths }
  /** Served by a handler named in `apiserver/rest/subresources/`. */
  | {
      readonly kind: 'handler'
      readonly verbs: readonly Verb[]
      /** The body's and the answer's kind, as discovery shows it. */
      readonly serves?: { readonly group: string; readonly version: string; readonly kind: string }
    }

/** Where the numbers of a Scale stand in the object. */
export interface ScalePaths {
  readonly specReplicas: string
  /** Of the kind's other versions, by apiVersion; `null` for one without scale. */
  readonly specReplicasOfOthers?: Readonly<Record<string, string | null>>
  readonly statusReplicas: string
  readonly labelSelector?: string
}
