import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { formatLabels, nameColumn, text } from '../printing.ts'
import type { PodTemplate } from '../types/core/v1.ts'
import { podTemplates } from '../types/resources.ts'
import { validatePodTemplate } from '../validation/pod.ts'
import { dropDisabledPodFields } from './disabled-fields.ts'
import { applyPodSpecDefaults } from './pod-spec-defaults.ts'
import { podTemplateWarnings } from './pod-warnings.ts'

const joined = ({ template }: DeepReadonly<PodTemplate>, key: 'name' | 'image') =>
  (template?.spec?.containers ?? []).map((container) => container[key] ?? '').join(',')

export const podTemplate = define(podTemplates, {
  returnsDeletedObject: true,
  prepareForCreate: ({ template }) => dropDisabledPodFields(template?.spec),
  prepareForUpdate: ({ template }, old) => dropDisabledPodFields(template?.spec, old.template?.spec),
  warnings: ({ metadata, template }, old) =>
    old && metadata?.generation === old.metadata?.generation ? [] : podTemplateWarnings(template, 'template'),
  validate: validatePodTemplate,
  validateUpdate: validatePodTemplate,
  applyDefaults: ({ template }) => {
    if (template?.spec) applyPodSpecDefaults(template.spec)
  },
  generationFields: ['template'],
  columns: [
    nameColumn,
    text('Containers', (object) => joined(object, 'name')),
    text('Images', (object) => joined(object, 'image')),
    text('Pod Labels', (object) => formatLabels(object.template?.metadata?.labels)),
  ],
})
