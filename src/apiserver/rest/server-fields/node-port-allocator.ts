import type { ResourceDefinition } from '../../../api/resource-definition.ts'
import type { Service } from '../../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { prefixEnd, type Store } from '../../../store/store.ts'
import { collectionPrefix } from '../resource-request.ts'
import { servedObject } from '../stored-object.ts'
import { AllocationError } from './cluster-ip-allocator.ts'

const firstPort = 30_000
const lastPort = 32_767
const portCount = lastPort - firstPort + 1
/** Ports from here on are given out first: those below are left to Services that ask for one. */
const reservedPorts = 86

export interface NodePortAllocatorOptions {
  readonly store: Store
  /** Of Service. */
  readonly definition: ResourceDefinition
  readonly random: (limit: number) => number
}

/**
 * Gives out node ports. Which are taken is read off the Services themselves, so nothing can leak; a write that is
 * under way holds its ports in `#held` until it is through.
 */
export class NodePortAllocator {
  readonly #options: NodePortAllocatorOptions
  readonly #held = new Map<number, number>()
  /** How many Services have a port; undefined until the first look. */
  #used: Map<number, number> | undefined

  constructor(options: NodePortAllocatorOptions) {
    this.#options = options
  }

  /** Holds this very port. Throws AllocationError when it is out of range (which a dry run does not ask) or taken. */
  allocate(port: number, dryRun: boolean): void {
    if (!dryRun && (port < firstPort || port > lastPort)) {
      const range = `${firstPort}-${lastPort}`
      throw new AllocationError(`provided port is not in the valid range. The range of valid ports is ${range}`)
    }
    if (this.#isTaken(port)) throw new AllocationError('provided port is already allocated')
    this.#held.set(port, 1)
  }

  /** Holds a free port. Throws AllocationError when there is none. */
  allocateNext(): number {
    const dynamic = portCount - reservedPorts
    const start = this.#options.random(dynamic)
    for (let step = 0; step < portCount; step++) {
      const offset = step < dynamic ? reservedPorts + ((start + step) % dynamic) : step - dynamic
      const port = firstPort + offset
      if (this.#isTaken(port)) continue
      this.#held.set(port, 1)
      return port
    }
    throw new AllocationError('range is full')
  }

  /** The write is through, one way or the other: from now on the Services tell. */
  release(port: number): void {
    this.#held.delete(port)
  }

  #isTaken(port: number): boolean {
    return this.#held.has(port) || (this.#usedPorts().get(port) ?? 0) > 0
  }

  #usedPorts(): ReadonlyMap<number, number> {
    this.#used ??= this.#follow(new Map())
    return this.#used
  }

  /** Counts the ports of all Services, and keeps counting. */
  #follow(used: Map<number, number>): Map<number, number> {
    const { store, definition } = this.#options
    const prefix = collectionPrefix(definition, '')
    const count = (service: DeepReadonly<Service>, by: 1 | -1) => {
      for (const port of nodePortsOf(service)) used.set(port, (used.get(port) ?? 0) + by)
    }
    const serviceOf = (entry: Parameters<typeof servedObject>[0]) => servedObject(entry, definition).object
    for (const entry of store.snapshot().range(prefix, prefixEnd(prefix))) count(serviceOf(entry), 1)
    store.watch({
      prefix,
      after: store.revision,
      onChanges(changes) {
        for (const { type, entry, previous } of changes) {
          if (type === 'delete') count(serviceOf(entry), -1)
          else count(serviceOf(entry), 1)
          if (type === 'put' && previous) count(serviceOf(previous), -1)
        }
      },
      onEnd: () => {
        this.#used = undefined
      },
    })
    return used
  }
}

/** Every node port of a Service, that of its health check included, each once. */
export function nodePortsOf({ spec }: DeepReadonly<Service>): Set<number> {
  const ports = new Set<number>()
  for (const { nodePort } of spec?.ports ?? []) if (nodePort) ports.add(nodePort)
  if (spec?.healthCheckNodePort) ports.add(spec.healthCheckNodePort)
  return ports
}
