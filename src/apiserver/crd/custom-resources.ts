import type { ResourceDefinition } from '../../api/resource-definition.ts'
import type { CustomResourceDefinition } from '../../api/types/apiextensions/v1.ts'
import type { Client } from '../../client/client.ts'
import type { Logger } from '../../platform/log.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import type { RestServices } from '../rest/resource-request.ts'
import { runDefinitionController } from './controllers/definition-controller.ts'
import { type InstancesLeft, runFinalizer } from './controllers/finalizer.ts'
import { deleteInstances } from './delete-instances.ts'
import { type CustomResourceServing, serveCustomResources } from './serving.ts'
import type { ConversionServices } from './webhook-converter.ts'

export interface CustomResourcesOptions extends ConversionServices {
  readonly services: RestServices
  readonly reader: ObjectReader
  /** Speaks as the server itself. */
  readonly client: Client
  readonly builtIn: readonly ResourceDefinition[]
  readonly log: Logger
}

export interface CustomResources {
  /** Serves what is defined, and looks after the definitions, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
}

/** Custom resources as a whole. What is defined in the store already is served from here on. */
export function createCustomResources(options: CustomResourcesOptions): CustomResources {
  const { services, reader, client, log, webhookClient, conversionMetrics } = options
  const { registry, clock } = services
  const serving = serveCustomResources({ reader, registry, log, webhookClient, conversionMetrics })
  return {
    async run(signal) {
      const controller = { reader, client, clock, log }
      const finalizer = {
        ...controller,
        overlapsBuiltIn: (definition: Held<CustomResourceDefinition>) => overlapsBuiltIn(definition, options.builtIn),
        deleteInstances: (definition: Held<CustomResourceDefinition>) =>
          instancesLeft({ definition, serving, services, signal }),
      }
      await Promise.all([runDefinitionController(controller, signal), runFinalizer(finalizer, signal)])
      serving.stop()
    },
  }
}

function overlapsBuiltIn({ spec }: Held<CustomResourceDefinition>, builtIn: readonly ResourceDefinition[]): boolean {
  const prefix = `${spec.group}/${spec.names.plural}`
  return builtIn.some(({ storagePrefix }) => storagePrefix === prefix)
}

interface Cleaning {
  readonly definition: Held<CustomResourceDefinition>
  readonly serving: CustomResourceServing
  readonly services: RestServices
  readonly signal: AbortSignal
}

async function instancesLeft({ definition, serving, services, signal }: Cleaning): Promise<InstancesLeft | undefined> {
  const { metadata, spec, status } = definition
  const resource = serving.resourceOf(metadata.name)
  if (resource) return deleteInstances(resource.stored, services, signal)
  const what = `unable to find a custom resource client for ${status?.acceptedNames?.plural}.${spec.group}`
  return { reason: 'InstanceDeletionFailed', message: `could not list instances: ${what}` }
}
