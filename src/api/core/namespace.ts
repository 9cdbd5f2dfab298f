import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import { onlyFields, reset } from '../strategy.ts'
import type { Namespace } from '../types/core/v1.ts'
import { namespaces } from '../types/resources.ts'
import { forPrefix, labelFormErrors } from '../validation/formats.ts'
import { validateNamespace, validateNamespaceFinalize, validateNamespaceStatus } from '../validation/namespace.ts'

const nameLabel = 'kubernetes.io/metadata.name'

function applyDefaults(namespace: Namespace): void {
  const metadata = namespace.metadata
  if (metadata?.name) {
    metadata.labels ??= {}
    metadata.labels[nameLabel] = metadata.name
  }
  namespace.status ??= {}
  namespace.status.phase ||= 'Active'
}

/** The finalizer `kubernetes` keeps a namespace until all that is in it is gone. */
function prepareForCreate(namespace: Namespace): void {
  namespace.status = { phase: 'Active' }
  namespace.spec ??= {}
  const finalizers = namespace.spec.finalizers ?? []
  namespace.spec.finalizers = finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes']
}

function keepFinalizers(draft: Namespace, old: DeepReadonly<Namespace>): void {
  draft.spec ??= {}
  reset(draft.spec, old.spec ?? {}, 'finalizers')
}

export const namespace = define(namespaces, {
  returnsDeletedObject: true,
  validateName: forPrefix(labelFormErrors),
  applyDefaults,
  prepareForCreate,
  prepareForUpdate: keepFinalizers,
  validate: validateNamespace,
  validateUpdate: validateNamespace,
  metadataChecksOnUpdate: ['whole', 'own', 'change'],
  status: { validateUpdate: validateNamespaceStatus },
  selectableFields: {
    'status.phase': (object) => object.status?.phase ?? '',
    name: (object) => object.metadata?.name ?? '',
  },
  columns: [nameColumn, text('Status', (object) => object.status?.phase ?? ''), ageColumn],
  parts: {
    finalize: { ...onlyFields(['spec'], { validateUpdate: validateNamespaceFinalize }), resetFields: [['status']] },
  },
})
