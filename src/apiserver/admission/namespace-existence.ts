import { namespaces } from '../../api/types/resources.ts'
import { notFound } from '../../machinery/errors.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'

/** Nothing is written to a namespace that is not there. After plugin/pkg/admission/namespace/exists v1.36. */
export function namespaceExists(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'NamespaceExists',
    handles: ['CREATE', 'UPDATE', 'DELETE'],
    validate(attributes) {
      const { namespace } = attributes
      if (!isInNamespace(attributes) || reader.get(namespaces, namespace)) return
      throw notFound({ group: '', resource: 'namespaces' }, namespace)
    },
  }
}

/** A namespace is made with the first object in it. After plugin/pkg/admission/namespace/autoprovision v1.36. */
export function namespaceAutoProvision(
  reader: ObjectReader,
  createNamespace: (name: string) => Promise<void>,
): AdmissionPlugin {
  return {
    name: 'NamespaceAutoProvision',
    handles: ['CREATE'],
    async mutate(attributes) {
      const { namespace, dryRun } = attributes
      if (dryRun || !isInNamespace(attributes) || reader.get(namespaces, namespace)) return
      await createNamespace(namespace)
    },
  }
}

function isInNamespace({ namespace, definition }: AdmissionAttributes): boolean {
  return namespace !== '' && !(definition.group === '' && definition.plural === 'namespaces')
}
