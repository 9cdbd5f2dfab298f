import { ageColumn, integer, nameColumn } from '../../api/printing.ts'
import type { Column, ScalePaths } from '../../api/resource-definition.ts'
import { schemaForKind } from '../../api/schema/schema.ts'
import type { Scale } from '../../api/types/autoscaling/v1.ts'
import { forPrefix, subdomainNameErrors } from '../../api/validation/formats.ts'
import { badRequest, conflict, internalError, invalid } from '../../machinery/errors.ts'
import { invalidField } from '../../machinery/field-errors.ts'
import {
  apiVersionOf,
  type DeepReadonly,
  type KubeObject,
  type ManagedFieldsEntry,
  type ObjectMeta,
} from '../../machinery/object.ts'
import { metadataErrors, unqualifiedFinalizersErrors } from '../../machinery/object-metadata.ts'
import type { Answer } from '../request.ts'
import { readBody } from './body.ts'
import { cloneDraft } from './clone.ts'
import { decodeBody } from './draft.ts'
import { trackFields } from './field-manager.ts'
import { currentObject } from './get.ts'
import { patchTypeOf } from './patch.ts'
import { createPatchMechanism } from './patch-mechanism.ts'
import { isCustom } from './protobuf.ts'
import type { ResourceRequest } from './resource-request.ts'
import { objectAnswer, responseForm } from './response-form.ts'
import { parentManagers, type ScaleManagersOptions, scaleManagers } from './scale-managers.ts'
import { readPath, selectorText, writePath } from './scale-paths.ts'
import { ServedObject } from './stored-object.ts'
import { updateAttributes, updateObject } from './update.ts'
import { type Draft, matchName, matchNamespace } from './write-metadata.ts'
import { type WriteOptions, writeOptions } from './write-options.ts'

const scaleKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' }

type VerbHandler = (request: ResourceRequest) => Promise<Answer>

/** GET, PUT and PATCH of `/scale`: an autoscaling/v1 Scale made of numbers in the object, wherever they stand. */
export function scaleVerbs(paths: ScalePaths): Readonly<Record<string, VerbHandler>> {
  return {
    async get(request) {
      const { object } = await currentObject(request)
      if (isUnscaled(object, paths, request)) {
        throw internalError(`the spec replicas field ${JSON.stringify(paths.specReplicas)} does not exist`)
      }
      return scaleAnswer(request, scaleOf(object, paths))
    },
    async update(request) {
      const { context, services, name } = request
      const options = writeOptions(context.query, 'UpdateOptions')
      const expected = { ...scaleKind, schema: schemaForKind(scaleKind) }
      const { fieldValidation } = options
      const decodeContext = { registry: services.registry, fieldValidation, warnings: context.warnings }
      const scale = decodeBody(await readBody(context), expected, decodeContext)
      matchNamespace(scale.metadata, request)
      matchName(scale, name)
      const { uid } = scale.metadata
      return writeScale({ request, paths, options, uid, tracksFields: false, change: () => cloneDraft(scale) as Draft })
    },
    async patch(request) {
      const { context } = request
      const type = patchTypeOf(request)
      const options = writeOptions(context.query, 'PatchOptions', type === 'apply')
      const scaled = { ...request, definition: scaleDefinition(request) }
      const mechanism = createPatchMechanism({ type, body: await readBody(context), request: scaled, options })
      const { tracksFields } = mechanism
      return writeScale({ request, paths, options, tracksFields, change: (current) => mechanism.patch(current) })
    },
  }
}

/** After printers/internalversion printScale v1.36. */
const scaleColumns: readonly Column<Scale>[] = [
  { ...nameColumn, format: '' },
  integer('Desired', ({ spec }) => spec?.replicas),
  integer('Available', ({ status }) => status?.replicas),
  ageColumn,
]

function scaleAnswer(request: ResourceRequest, scale: Scale): Answer {
  const definition = { ...scaleDefinition(request), columns: scaleColumns as readonly Column[] }
  const form = responseForm(request.context)
  return objectAnswer(new ServedObject(definition, scale), 200, {
    definition,
    form,
    nowMs: request.services.clock.nowMs(),
  })
}

/** The resource as a patch of its scale sees it: of kind Scale. */
function scaleDefinition({ definition }: ResourceRequest) {
  const { custom: _custom, conversion: _conversion, ...rest } = definition
  return { ...rest, ...scaleKind, schema: schemaForKind(scaleKind) }
}

interface ScaleWrite {
  readonly request: ResourceRequest
  readonly paths: ScalePaths
  readonly options: WriteOptions
  /** That the object must have. */
  readonly uid?: string | undefined
  /** The change says itself who manages what. */
  readonly tracksFields: boolean
  readonly change: (current: Scale) => Draft | Promise<Draft>
}

async function writeScale(write: ScaleWrite): Promise<Answer> {
  const { request, paths, options, uid } = write
  const { definition, name, services } = request
  const { served } = await updateObject({
    request,
    options,
    uid,
    strategy: definition.strategy,
    allowCreate: false,
    change: async (live) => {
      const parent = { entries: live!.metadata!.managedFields, apiVersion: apiVersionOf(definition), paths }
      const before = scaleBefore(live!, parent, request)
      const scale = (await write.change(before)) as KubeObject as Draft & Scale
      if (!write.tracksFields) {
        await trackFields({
          request: { ...request, definition: scaleDefinition(request) },
          live: before,
          draft: scale,
          options,
        })
      }
      if (scale.spec?.replicas === noReplicas) {
        throw badRequest(`the spec replicas field ${JSON.stringify(paths.specReplicas)} cannot be empty`)
      }
      matchName(scale, name)
      await services.admission.mutate(updateAttributes(request, scale, before, options))
      checkScale(scale, live!, request)
      const draft = cloneDraft(live!) as Draft
      writePath(draft, paths.specReplicas, scale.spec?.replicas ?? 0)
      takeVersion(draft.metadata, scale.metadata)
      setManagers(draft.metadata, parentManagers(parent, scale.metadata.managedFields))
      return draft
    },
  })
  return scaleAnswer(request, scaleOf(served.object, paths))
}

/** Stands for a number that a custom object does not have, as upstream hands it to patches. */
const noReplicas = -(2 ** 31)

/** A custom object may lack the number; a built-in one has a default. */
function isUnscaled(object: DeepReadonly<KubeObject>, paths: ScalePaths, { definition }: ResourceRequest): boolean {
  return isCustom(definition) && readPath(object, paths.specReplicas) === undefined
}

/** The scale as a change finds it, with its managers. */
function scaleBefore(live: DeepReadonly<KubeObject>, parent: ScaleManagersOptions, request: ResourceRequest): Scale {
  const scale = scaleOf(live, parent.paths)
  if (isUnscaled(live, parent.paths, request)) scale.spec = { replicas: noReplicas }
  setManagers(scale.metadata!, scaleManagers(parent))
  return scale
}

function setManagers(metadata: ObjectMeta, managers: ManagedFieldsEntry[]): void {
  if (managers.length > 0) metadata.managedFields = managers
  else delete metadata.managedFields
}

/** The scale's resourceVersion counts as the object's; without one it is whatever the object has. */
function takeVersion(metadata: ObjectMeta, { resourceVersion }: ObjectMeta): void {
  if (resourceVersion) metadata.resourceVersion = resourceVersion
}

const scaleName = forPrefix(subdomainNameErrors)

function checkScale(
  { spec, metadata }: Draft & Scale,
  live: DeepReadonly<KubeObject>,
  { definition }: ResourceRequest,
) {
  const { group, plural } = definition
  const replicas = spec?.replicas ?? 0
  const name = live.metadata!.name!
  // Custom objects are checked by rules of their own.
  if (!isCustom(definition)) {
    const errors = [
      ...metadataErrors(metadata, true, scaleName),
      ...unqualifiedFinalizersErrors(metadata.finalizers),
      ...(replicas < 0 ? [invalidField('spec.replicas', replicas, 'must be greater than or equal to 0')] : []),
    ]
    if (errors.length > 0) throw invalid(scaleKind, name, errors)
  }
  const { uid } = live.metadata!
  if (!metadata.uid || metadata.uid === uid) return
  const why = `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`
  throw conflict({ group, resource: `${plural}/scale` }, name, why)
}

function scaleOf(object: DeepReadonly<KubeObject>, paths: ScalePaths): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata!
  const replicas = Number(readPath(object, paths.specReplicas) ?? 0)
  const selector = paths.labelSelector === undefined ? undefined : selectorText(readPath(object, paths.labelSelector))
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      ...(name && { name }),
      ...(namespace && { namespace }),
      ...(uid && { uid }),
      ...(resourceVersion && { resourceVersion }),
      ...(creationTimestamp && { creationTimestamp }),
    },
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: Number(readPath(object, paths.statusReplicas) ?? 0),
      ...(selector && { selector }),
    },
  }
}
