import { controllerOf, type DeepReadonly, parseApiVersion } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import type { ControllerRevision } from '../types/apps/v1.ts'
import { controllerRevisions } from '../types/resources.ts'
import { validateControllerRevision, validateControllerRevisionUpdate } from '../validation/controller-revision.ts'

function controllerText(object: DeepReadonly<ControllerRevision>): string {
  const controller = controllerOf(object)
  if (!controller) return '<none>'
  const { group } = parseApiVersion(controller.apiVersion)
  const kind = group === '' ? controller.kind : `${controller.kind}.${group}`
  return `${kind.toLowerCase()}/${controller.name}`
}

export const controllerRevision = define(controllerRevisions, {
  validate: validateControllerRevision,
  validateUpdate: validateControllerRevisionUpdate,
  metadataChecksOnUpdate: ['change', 'whole'],
  columns: [
    nameColumn,
    text<ControllerRevision>('Controller', controllerText),
    text('Revision', (object) => object.revision ?? 0),
    ageColumn,
  ],
})
