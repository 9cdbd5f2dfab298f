import type { ResourceDefinition } from '../../api/resource-definition.ts'
import { type OtherVersions, type Tracking, trackUpdate } from '../../machinery/managed-fields/track-update.ts'
import { appliedObjectError } from '../../machinery/managed-fields/validate-applied.ts'
import { apiVersionOf, type DeepReadonly, type KubeObject, type ManagedFieldsEntry } from '../../machinery/object.ts'
import { getOwn } from '../../machinery/own-member.ts'
import { StatusError } from '../../machinery/status.ts'
import { equalValues } from './equal.ts'
import { changesInOtherVersions, isToldByCall } from './other-versions.ts'
import type { ResourceRequest } from './resource-request.ts'
import { canonicalObject } from './stored-object.ts'
import type { Draft } from './write-metadata.ts'
import type { WriteOptions } from './write-options.ts'

export interface TrackedWrite {
  readonly request: ResourceRequest
  /** Undefined: the object is new. */
  readonly live: DeepReadonly<KubeObject> | undefined
  readonly draft: Draft
  readonly options: WriteOptions
}

/** Notes in managedFields who wrote what. */
export async function trackFields(write: TrackedWrite): Promise<void> {
  const { request, live, draft, options } = write
  const tracking = trackingOf(request, options)
  const after = asConverted(request.definition, draft)
  const others = await othersOf(write)
  const isLost = others === 'unknown'
  const change = { ...tracking, after, ...(isLost ? {} : { others }) }
  const entries = isLost ? undefined : trackUpdate(live ? { ...change, before: live } : change)
  if (entries && isKnownToAll(request.definition, draft, entries)) draft.metadata.managedFields = entries
  else delete draft.metadata.managedFields
}

/**
 * The change as managers of other versions see it; `undefined` where nobody has to be asked. A conversion that fails
 * refuses no update: upstream forgets who manages what.
 */
async function othersOf({ request, live, draft }: TrackedWrite): Promise<OtherVersions | 'unknown' | undefined> {
  if (!live) return undefined
  const managers = [...(live.metadata?.managedFields ?? []), ...(draft.metadata.managedFields ?? [])]
  const change = { definition: request.definition, before: live, after: draft, managers }
  if (!isToldByCall(change)) return undefined
  return changesInOtherVersions(change).catch((error) => {
    if (error instanceof StatusError) return 'unknown'
    throw error
  })
}

/**
 * Whether the object fits the versions of all who manage it: upstream compares it in each of them, and forgets who
 * manages what when it cannot. Built-in kinds have all fields in all versions.
 */
function isKnownToAll(definition: ResourceDefinition, draft: Draft, entries: readonly ManagedFieldsEntry[]): boolean {
  const { custom, conversion } = definition
  if (!custom || conversion?.remote) return true
  const own = apiVersionOf(definition)
  const others = new Set(entries.map(({ apiVersion }) => apiVersion ?? '').filter((version) => version !== own))
  return [...others].every((version) => {
    const fields = custom.fieldsOf(version)
    return fields !== undefined && appliedObjectError({ ...draft }, fields) === ''
  })
}

/** Upstream tracks what it has once converted to its internal version, where some kinds have more fields. */
function asConverted(definition: ResourceDefinition, draft: Draft): Draft {
  const { conversion, custom, strategy } = definition
  if (strategy.asConverted) return canonicalObject(definition, strategy.asConverted(draft) as Draft) as Draft
  if (conversion && !custom) {
    const converted = conversion.fromStorage(conversion.toStorage(draft))
    return canonicalObject(definition, converted) as Draft
  }
  return draft
}

/** Who writes, and what the write leaves alone. */
export function trackingOf(request: ResourceRequest, { fieldManager }: WriteOptions): Tracking {
  const { definition, context, services, subresource } = request
  return {
    schema: definition.schema,
    manager: fieldManager || userAgentName(context.headers.get('user-agent')),
    apiVersion: apiVersionOf(definition),
    subresource,
    nowMs: services.clock.nowMs(),
    resetFields: resetFields(request),
  }
}

const maxManagerLength = 128

/** `kubectl` of `kubectl/v1.36.0 (linux/amd64)`. After managerOrUserAgent. */
function userAgentName(userAgent = ''): string {
  return userAgent.split('/', 1)[0]!.slice(0, maxManagerLength)
}

const identityFields: readonly string[] = ['kind', 'apiVersion', 'metadata']

/** The object itself leaves the status alone, the status everything else; strategies may name more. */
function resetFields({ definition, subresource }: ResourceRequest): readonly (readonly string[])[] {
  const { status } = definition.subresources ?? {}
  if (subresource === '') {
    return [...(status?.kind === 'part' ? [['status']] : []), ...(definition.strategy.resetFields ?? [])]
  }
  const part = getOwn(definition.subresources, subresource)
  const own = (part?.kind === 'part' && part.strategy.resetFields) || []
  if (subresource !== 'status') return own
  const fields = [...definition.schema.fields.keys()]
  const others = fields.filter((name) => name !== 'status' && !identityFields.includes(name)).map((name) => [name])
  return [...others, ...own]
}

/** An update that changes nothing but the times of its managers keeps the old ones, and so is no change at all. */
export function keepFieldTimes({ definition }: ResourceRequest, draft: Draft, current: DeepReadonly<KubeObject>): void {
  const entries = draft.metadata.managedFields
  const old = current.metadata?.managedFields
  if (!entries || !old || !sameButTimes(entries, old)) return
  const asBefore = { ...draft, metadata: { ...draft.metadata, managedFields: old as ManagedFieldsEntry[] } }
  if (equalValues(canonicalObject(definition, asBefore), current)) draft.metadata = asBefore.metadata
}

function sameButTimes(
  entries: readonly ManagedFieldsEntry[],
  old: readonly DeepReadonly<ManagedFieldsEntry>[],
): boolean {
  if (entries.length !== old.length) return false
  return entries.every((entry, index) => equalValues({ ...entry, time: old[index]!.time }, old[index]))
}
