import type { Strategy, StrategyContext } from '../../api/resource-definition.ts'
import { alreadyExists } from '../../machinery/errors.ts'
import { metadataErrors } from '../../machinery/object-metadata.ts'
import { pathSegmentName, subdomainName } from '../../machinery/object-names.ts'
import { StatusError } from '../../machinery/status.ts'
import type { Answer } from '../request.ts'
import { admissionAttributes } from './admit.ts'
import { cloneDraft } from './clone.ts'
import { decodeDraft } from './draft.ts'
import { trackFields } from './field-manager.ts'
import { hasOwnMetadataRules, ownFinalizersErrors } from './own-finalizers.ts'
import { dryRunObject, servedEntry, storageFormOf } from './remote-conversion.ts'
import { invalidObject, objectStoreKey, type ResourceRequest, resourceName } from './resource-request.ts'
import { objectAnswer, responseForm } from './response-form.ts'
import type { ServedObject } from './stored-object.ts'
import {
  type Draft,
  dropDuplicateOwners,
  fillSystemFields,
  matchNamespace,
  wipeSystemFields,
} from './write-metadata.ts'
import { optionsObject, type WriteOptions, writeOptions } from './write-options.ts'

/** How often a generated name is tried anew when it is taken. After RetryGenerateName. */
const maxNameAttempts = 8

/** POST to a collection. */
export async function create(request: ResourceRequest): Promise<Answer> {
  const { context, definition, services } = request
  const form = responseForm(context)
  const options = writeOptions(context.query, 'CreateOptions')
  const draft = await decodeDraft(request, options)
  wipeSystemFields(draft.metadata)
  matchNamespace(draft.metadata, request)
  dropDuplicateOwners(draft.metadata, context.warnings, false)
  await trackFields({ request, live: undefined, draft, options })
  await services.admission.mutate(createAttributes(request, draft, options))
  dropDuplicateOwners(draft.metadata, context.warnings, true)
  const served = await createObject(request, draft, options)
  return objectAnswer(served, 201, { definition, form, nowMs: services.clock.nowMs() })
}

/** Creates what has passed mutating admission. Throws a StatusError when it may not be, or is there already. */
export async function createObject(
  request: ResourceRequest,
  draft: Draft,
  options: WriteOptions,
): Promise<ServedObject> {
  if (!draft.metadata.generateName || draft.metadata.name) return createOnce(request, draft, options)
  for (let attempt = 1; ; attempt++) {
    const copy = cloneDraft(draft) as Draft
    try {
      return await createOnce(request, copy, options)
    } catch (error) {
      if (!isTaken(error)) throw error
      if (attempt >= maxNameAttempts) throw generatedNameTaken(request, copy.metadata.name!)
    }
  }
}

function isTaken(error: unknown): error is StatusError {
  return error instanceof StatusError && error.reason === 'AlreadyExists'
}

async function createOnce(request: ResourceRequest, draft: Draft, options: WriteOptions): Promise<ServedObject> {
  const { services, definition } = request
  fillSystemFields(draft.metadata, request)
  const fields = await services.serverFields.begin({ definition, draft, old: undefined, dryRun: options.dryRun })
  try {
    await checkNewObject(request, draft, options)
    const served = await storeNewObject(request, draft, options)
    if (options.dryRun) await fields?.rollback()
    else await fields?.commit()
    return served
  } catch (error) {
    await fields?.rollback()
    throw error
  }
}

/** What a new object goes through between mutating admission and the store. After registry/rest/create.go BeforeCreate. */
export async function checkNewObject(request: ResourceRequest, draft: Draft, options: WriteOptions): Promise<void> {
  const { definition, context, services } = request
  const { strategy } = definition
  const { metadata } = draft
  matchNamespace(metadata, request)
  const strategyContext = contextOf(request, options)
  if (strategy.generationFields?.length) metadata.generation = 1
  strategy.prepareForCreate?.(draft, strategyContext)
  validateNewObject(request, draft, strategyContext)
  for (const warning of strategy.warnings?.(draft, undefined) ?? []) context.warnings.push(warning)
  await services.admission.validate(createAttributes(request, draft, options))
}

/** Throws 422 with everything that is wrong. What every kind must keep is checked only when its own rules hold. */
function validateNewObject({ definition }: ResourceRequest, draft: Draft, context: StrategyContext): void {
  const { namespaced, validateName = subdomainName, strategy } = definition
  const { metadata } = draft
  const knowsMetadata = hasOwnMetadataRules(definition)
  let errors = knowsMetadata
    ? metadataErrors(metadata, namespaced, (name, prefix) => validateName(name, prefix, draft))
    : []
  errors = [...errors, ...ownFinalizersErrors(definition, metadata)]
  const own = (strategy as Strategy).validate?.(draft, context)
  if (own && own.length > 0) errors = [...errors, ...own]
  if (errors.length === 0) {
    const rest = knowsMetadata ? { name: metadata.name! } : metadata
    errors = metadataErrors(rest, namespaced && !knowsMetadata, pathSegmentName)
  }
  if (errors.length > 0) throw invalidObject(definition, metadata.name ?? '', errors)
}

export function createAttributes(request: ResourceRequest, draft: Draft, options: WriteOptions) {
  return admissionAttributes(request, {
    operation: 'CREATE',
    name: draft.metadata.name ?? '',
    object: draft,
    oldObject: undefined,
    options: optionsObject('CreateOptions', options),
    dryRun: options.dryRun,
  })
}

export function contextOf(request: ResourceRequest, { dryRun }: { dryRun: boolean }): StrategyContext {
  const { services, namespace, context } = request
  return {
    nowMs: services.clock.nowMs(),
    namespace: namespace || undefined,
    dryRun,
    warn: (text) => {
      context.warnings.push(text)
    },
    user: context.user,
  }
}

async function storeNewObject(request: ResourceRequest, draft: Draft, options: WriteOptions): Promise<ServedObject> {
  const { definition, namespace, services } = request
  const { metadata } = draft
  // A dry run never comes to the store, whose rule this is.
  if (!options.dryRun && isRevision(metadata.resourceVersion)) {
    throw new StatusError({ code: 500, message: 'resourceVersion should not be set on objects to be created' })
  }
  const key = objectStoreKey(definition, namespace, metadata.name!)
  const taken = services.store.get(key)
  if (taken) throw nameTaken(request, metadata.name!, await servedEntry(taken, definition))
  if (options.dryRun) return dryRunObject(definition, draft)
  const form = await storageFormOf(definition, draft)
  const result = await services.store.write({ key, value: form.bytes, expected: 0, attachment: form })
  if (result.ok) return servedEntry(result.entry, definition)
  throw nameTaken(request, metadata.name!, result.current && (await servedEntry(result.current, definition)))
}

/** Anything but a number greater than zero passes for none. */
function isRevision(resourceVersion: string | undefined): boolean {
  return /^[0-9]+$/.test(resourceVersion ?? '') && !/^0+$/.test(resourceVersion!)
}

function nameTaken({ definition }: ResourceRequest, name: string, current: ServedObject | undefined): StatusError {
  const error = alreadyExists(resourceName(definition), name)
  if (!current?.object.metadata?.deletionTimestamp) return error
  const { message, ...status } = error.status
  return new StatusError({ ...status, message: `object is being deleted: ${message}` })
}

function generatedNameTaken({ definition }: ResourceRequest, name: string): StatusError {
  const { status } = alreadyExists(resourceName(definition), name)
  return new StatusError({
    ...status,
    message: `${status.message}, the server was not able to generate a unique name for the object`,
    details: { ...status.details, retryAfterSeconds: 1 },
  })
}
