import type { ResourceDefinition } from '../../../api/resource-definition.ts'
import type { Namespace, Service } from '../../../api/types/core/v1.ts'
import type { DeepReadonly, KubeObject } from '../../../machinery/object.ts'
import type { Clock } from '../../../platform/clock.ts'
import type { Store } from '../../../store/store.ts'
import type { ObjectReader } from '../../object-reader.ts'
import type { ResourceRegistry } from '../../registry.ts'
import { objectStoreKey } from '../resource-request.ts'
import { ClusterIpAllocator } from './cluster-ip-allocator.ts'
import { parseIpRange } from './ip-range.ts'
import { NodePortAllocator } from './node-port-allocator.ts'
import type { ServerFields } from './server-fields.ts'
import { allocateService, releaseAddresses, type ServiceAllocators } from './service-fields.ts'
import { serviceRanges } from './service-ranges.ts'

export interface ServerFieldsOptions {
  readonly store: Store
  readonly registry: ResourceRegistry
  readonly reader: Pick<ObjectReader, 'list'>
  readonly clock: Clock
  /** The service networks: one, or two of different families with a comma between. The first is the default. */
  readonly serviceCidr: string
  readonly random: (limit: number) => number
}

/** The kinds that need more than their own object when they are written. Throws for a CIDR that is none. */
export function createServerFields(options: ServerFieldsOptions): ServerFields {
  const { store, registry } = options
  const allocators = createAllocators(options)
  return {
    begin: async ({ definition, draft, old, dryRun }) =>
      isService(definition) ? allocateService(allocators, draft as Service, old, dryRun) : undefined,
    mayGo: (definition, object) =>
      !isNamespace(definition) || !(object as DeepReadonly<Namespace>).spec?.finalizers?.length,
    async afterDelete(definition, object) {
      if (!isService(definition)) return
      await releaseAddresses(allocators, object as DeepReadonly<Service>)
      await removeEndpoints(store, registry, object)
    },
  }
}

function createAllocators({
  store,
  registry,
  reader,
  clock,
  serviceCidr,
  random,
}: ServerFieldsOptions): ServiceAllocators {
  const definition = registered(registry, 'networking.k8s.io', 'ipaddresses')
  const configured = serviceCidr.split(',').map((cidr) => parseIpRange(cidr.trim()))
  const rangesOf = serviceRanges(configured, reader)
  return {
    clusterIps: configured.map(
      ({ family }) =>
        new ClusterIpAllocator({ store, definition, clock, family, ranges: () => rangesOf(family), random }),
    ),
    nodePorts: new NodePortAllocator({ store, definition: registered(registry, '', 'services'), random }),
  }
}

function registered(registry: ResourceRegistry, group: string, plural: string): ResourceDefinition {
  const definition = registry.lookup(group, 'v1', plural)
  if (!definition) throw new Error(`the resource ${plural} is not registered`)
  return definition
}

function isService({ group, plural }: ResourceDefinition): boolean {
  return group === '' && plural === 'services'
}

function isNamespace({ group, plural }: ResourceDefinition): boolean {
  return group === '' && plural === 'namespaces'
}

/** The Endpoints of a Service go with it, as upstream's registry takes care of. */
async function removeEndpoints(
  store: Store,
  registry: ResourceRegistry,
  { metadata }: DeepReadonly<KubeObject>,
): Promise<void> {
  const key = objectStoreKey(registered(registry, '', 'endpoints'), metadata!.namespace!, metadata!.name!)
  for (let entry = store.get(key); entry; entry = store.get(key)) {
    const { ok } = await store.write({ key, value: undefined, expected: entry.revision })
    if (ok) return
  }
}
