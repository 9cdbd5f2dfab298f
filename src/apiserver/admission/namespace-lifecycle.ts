import { namespaces } from '../../api/types/resources.ts'
import { forbidden, notFound } from '../../machinery/errors.ts'
import { StatusError } from '../../machinery/status.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { refuse } from './refuse.ts'

const immortal: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public'])

/** Nothing is created in a namespace that is not there or is going. After admission/plugin/namespace/lifecycle v1.36. */
export function namespaceLifecycle(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    handles: ['CREATE', 'UPDATE', 'DELETE'],
    mutate(attributes) {
      const { operation, definition, name, namespace, subresource } = attributes
      const isNamespace = definition.group === '' && definition.plural === 'namespaces'
      if (isNamespace && operation === 'DELETE' && subresource === '' && immortal.has(name)) {
        throw refuse(attributes, 'this namespace may not be deleted')
      }
      if (isNamespace || namespace === '' || operation === 'DELETE') return
      if (definition.plural === 'localsubjectaccessreviews') return
      const found = reader.get(namespaces, namespace)
      if (!found) throw notFound({ group: '', resource: 'namespaces' }, namespace)
      if (operation === 'CREATE' && found.status?.phase === 'Terminating') throw terminating(attributes)
    },
  }
}

function terminating({ definition, name, object, namespace }: AdmissionAttributes): StatusError {
  const shown = name || object?.metadata?.name || object?.metadata?.generateName || ''
  const { group, plural: resource } = definition
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  const { status } = forbidden({ group, resource }, shown, why)
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  }
  return new StatusError({ ...status, details: { ...status.details, causes: [cause] } })
}
