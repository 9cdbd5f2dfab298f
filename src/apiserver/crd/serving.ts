import type { ResourceDefinition } from '../../api/resource-definition.ts'
import type { CustomResourceDefinition } from '../../api/types/apiextensions/v1.ts'
import { customResourceDefinitions } from '../../api/types/resources.ts'
import type { Logger } from '../../platform/log.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import type { ResourceRegistry } from '../registry.ts'
import { equalValues } from '../rest/equal.ts'
import { isConditionTrue } from './conditions.ts'
import { type CustomResource, customResource } from './custom-resource.ts'
import type { ConversionServices } from './webhook-converter.ts'

export interface ServingOptions extends ConversionServices {
  readonly reader: ObjectReader
  readonly registry: ResourceRegistry
  readonly log: Logger
}

export interface CustomResourceServing {
  /** The resource of a definition that is served now. */
  resourceOf(name: string): CustomResource | undefined
  /** Serves nothing custom any more. */
  stop(): void
}

interface Served {
  readonly definition: Held<CustomResourceDefinition>
  readonly resource: CustomResource
}

/**
 * Puts the resources of established definitions into the registry, and takes them out again, in the very moment in which
 * a change of a definition becomes visible: whoever has seen it Established can use it.
 */
export function serveCustomResources(options: ServingOptions): CustomResourceServing {
  const { reader, registry, log } = options
  const served = new Map<string, Served>()
  const remove = (name: string) => {
    const old = served.get(name)
    if (!old) return
    served.delete(name)
    for (const resource of old.resource.served) if (isRegistered(registry, resource)) registry.remove(resource)
    old.resource.retire()
  }
  const put = (definition: Held<CustomResourceDefinition>) => {
    const { name } = definition.metadata
    const old = served.get(name)
    if (old && isSame(old.definition, definition)) return
    remove(name)
    if (!isConditionTrue(definition, 'Established')) return
    const resource = customResource(definition, options)
    served.set(name, { definition, resource })
    // A definition that claims what a built-in kind has is not served, as upstream's order of servers has it.
    for (const one of resource.served) {
      if (!registry.lookup(one.group, one.version, one.plural)) registry.add(one)
      else log.warn('a custom resource claims what a built-in one has', { name, version: one.version })
    }
  }
  for (const definition of reader.list(customResourceDefinitions)) put(definition)
  const cancel = reader.onChange(customResourceDefinitions, ({ object, previous }) => {
    if (object) put(object)
    else remove(previous!.metadata.name)
  })
  return {
    resourceOf: (name) => served.get(name)?.resource,
    stop() {
      cancel()
      for (const name of [...served.keys()]) remove(name)
    },
  }
}

function isRegistered(registry: ResourceRegistry, resource: ResourceDefinition): boolean {
  return registry.lookup(resource.group, resource.version, resource.plural) === resource
}

/** Whether nothing that is served has changed. The generation counts changes of the spec. */
function isSame(old: Held<CustomResourceDefinition>, definition: Held<CustomResourceDefinition>): boolean {
  return (
    old.metadata.uid === definition.metadata.uid &&
    old.metadata.generation === definition.metadata.generation &&
    isConditionTrue(definition, 'Established') &&
    equalValues(old.status?.acceptedNames, definition.status?.acceptedNames)
  )
}
