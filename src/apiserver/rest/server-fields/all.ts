import type { ResourceDefinition } from '../../../api/resource-definition.ts'
import type { Namespace } from '../../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { ServerFields } from './server-fields.ts'

export function createServerFields(): ServerFields {
  return {
    begin: async () => undefined,
    mayGo: (definition, object) =>
      !isNamespace(definition) || !(object as DeepReadonly<Namespace>).spec?.finalizers?.length,
    afterDelete: async () => {},
  }
}

function isNamespace({ group, plural }: ResourceDefinition): boolean {
  return group === '' && plural === 'namespaces'
}
