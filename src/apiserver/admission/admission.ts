import type { ResourceDefinition } from '../../api/resource-definition.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import type { AuditAnnotate, UserInfo } from '../request.ts'

/** What an admission plugin may know of a write. After apiserver admission.Attributes. */
export interface AdmissionAttributes {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  /** Of the request, where a plugin asks for another permission of the same sort: `update`, `patch`… */
  readonly verb?: string
  readonly definition: ResourceDefinition
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** The draft; mutating plugins may change it. Undefined on DELETE. */
  readonly object: KubeObject | undefined
  readonly oldObject: DeepReadonly<KubeObject> | undefined
  /** CreateOptions, UpdateOptions, DeleteOptions as sent. */
  readonly options: Readonly<Record<string, unknown>>
  readonly dryRun: boolean
  readonly user: UserInfo
  readonly warn: (text: string) => void
  /** Notes something for the audit log. */
  readonly annotate: AuditAnnotate
  /** Aborts when the request is given up. */
  readonly signal: AbortSignal
}

/**
 * Mutating plugins run once more when one that comes from outside (a webhook, a policy) has changed what others had
 * seen already. After apiserver admission ReinvocationContext.
 */
export interface Reinvocation {
  /** Whether this is the second round. */
  readonly isReinvoke: boolean
  /** Asks for a second round. */
  request(): void
  /** What a plugin keeps from the first round for the second, made by `create` when it is first asked for. */
  state<T>(plugin: string, create: () => T): T
}

/** A plugin does one of the two, or both. It throws a StatusError to refuse. */
export interface AdmissionPlugin {
  readonly name: string
  readonly handles: readonly AdmissionAttributes['operation'][]
  mutate?(attributes: AdmissionAttributes, reinvocation: Reinvocation): Promise<void> | void
  validate?(attributes: AdmissionAttributes): Promise<void> | void
}

/** All plugins, in upstream's order. `rest/` calls `mutate` before defaults and validation, `validate` after. */
export interface AdmissionChain {
  mutate(attributes: AdmissionAttributes): Promise<void>
  validate(attributes: AdmissionAttributes): Promise<void>
}
