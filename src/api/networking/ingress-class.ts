import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, text } from '../printing.ts'
import type { Column } from '../resource-definition.ts'
import type { IngressClass } from '../types/networking/v1.ts'
import { ingressClasses } from '../types/resources.ts'
import { validateIngressClass, validateIngressClassUpdate } from '../validation/ingress-class.ts'

function applyDefaults({ spec }: IngressClass): void {
  if (spec?.parameters) spec.parameters.scope ??= 'Cluster'
}

const defaultAnnotation = 'ingressclass.kubernetes.io/is-default-class'

const defaultableName: Column<IngressClass> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  cell: ({ metadata }) =>
    `${metadata?.name ?? ''}${metadata?.annotations?.[defaultAnnotation] === 'true' ? ' (default)' : ''}`,
}

function parametersText({ spec }: DeepReadonly<IngressClass>): string {
  if (!spec?.parameters) return '<none>'
  const { kind, apiGroup, name } = spec.parameters
  return `${kind}${apiGroup === undefined ? '' : `.${apiGroup}`}/${name}`
}

export const ingressClass = define(ingressClasses, {
  validate: validateIngressClass,
  validateUpdate: validateIngressClassUpdate,
  metadataChecksOnUpdate: ['change', 'whole'],
  applyDefaults,
  generationFields: ['spec'],
  columns: [
    defaultableName,
    text('Controller', (object) => object.spec?.controller ?? ''),
    text('Parameters', parametersText),
    ageColumn,
  ],
})
