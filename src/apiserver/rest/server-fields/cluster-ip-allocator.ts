import { randomUUID } from 'node:crypto'
import type { ResourceDefinition } from '../../../api/resource-definition.ts'
import type { IPAddress } from '../../../api/types/networking/v1.ts'
import { trackUpdate } from '../../../machinery/managed-fields/track-update.ts'
import type { Clock } from '../../../platform/clock.ts'
import type { Store } from '../../../store/store.ts'
import { objectStoreKey } from '../resource-request.ts'
import { toStorageForm } from '../stored-object.ts'
import { timeText } from '../write-metadata.ts'
import { formatIp, type IpFamily, type IpRange, isWithin, parseIp } from './ip-range.ts'

/** Why an address cannot be had; the message is upstream's. */
export class AllocationError extends Error {}

export interface ServiceName {
  readonly namespace: string
  readonly name: string
}

export interface ClusterIpAllocatorOptions {
  readonly store: Store
  /** Of IPAddress. */
  readonly definition: ResourceDefinition
  readonly clock: Clock
  readonly family: IpFamily
  /** The networks of this family that addresses may be taken from at the moment. Not empty; the cluster's own first. */
  readonly ranges: () => readonly IpRange[]
  readonly random: (limit: number) => number
}

/**
 * Gives out the addresses of one family. An IPAddress object stands for each one taken, so that several API servers
 * cannot give out the same. After pkg/registry/core/service/ipallocator/{ipallocator,cidrallocator}.go v1.36.
 */
export class ClusterIpAllocator {
  readonly #options: ClusterIpAllocatorOptions

  constructor(options: ClusterIpAllocatorOptions) {
    this.#options = options
  }

  get family(): IpFamily {
    return this.#options.family
  }

  /** Takes this very address. Throws AllocationError when it is out of all ranges or taken. */
  async allocate(address: string, service: ServiceName, dryRun: boolean): Promise<void> {
    const ranges = this.#options.ranges()
    const { value } = parseIp(address) ?? { value: -1n }
    const range = ranges.find((each) => isWithin(value, each)) ?? (dryRun ? ranges[0] : undefined)
    if (!range) throw new AllocationError('the provided network does not match the current range')
    if (value < range.first || value > range.last) {
      const where = `The range of valid IPs is ${range.cidr}`
      throw new AllocationError(`the provided IP (${address}) is not in the valid range. ${where}`)
    }
    if (dryRun) return
    if (!(await this.#take(address, service))) throw new AllocationError('provided IP is already allocated')
  }

  /** Takes a free address, beginning at a random place above a range's reserved band. Undefined: none is free. */
  async allocateNext(service: ServiceName, dryRun: boolean): Promise<string | undefined> {
    const { family, ranges } = this.#options
    if (dryRun) return formatIp(ranges()[0]!.network, family)
    for (const { first, last, dynamicFirst } of ranges()) {
      const address =
        (await this.#allocateBetween(dynamicFirst, last, service)) ??
        (await this.#allocateBetween(first, dynamicFirst - 1n, service))
      if (address !== undefined) return address
    }
    return undefined
  }

  async #allocateBetween(first: bigint, last: bigint, service: ServiceName): Promise<string | undefined> {
    const { store, random, family } = this.#options
    const size = last - first + 1n
    if (size <= 0n) return undefined
    const start = BigInt(random(Number(size < maxRandom ? size : maxRandom)))
    for (let step = 0n; step < size; step++) {
      const address = formatIp(first + ((start + step) % size), family)
      if (!store.get(this.#key(address)) && (await this.#take(address, service))) return address
    }
    return undefined
  }

  /** Gives an address back. One that is not taken is fine. */
  async release(address: string): Promise<void> {
    const { store } = this.#options
    const key = this.#key(address)
    for (let entry = store.get(key); entry; entry = store.get(key)) {
      const { ok } = await store.write({ key, value: undefined, expected: entry.revision })
      if (ok) return
    }
  }

  async #take(address: string, { namespace, name }: ServiceName): Promise<boolean> {
    const { store, definition, clock, family } = this.#options
    const ipAddress: IPAddress = {
      kind: 'IPAddress',
      apiVersion: 'networking.k8s.io/v1',
      metadata: {
        name: address,
        uid: randomUUID(),
        creationTimestamp: timeText(clock.nowMs()),
        labels: {
          'ipaddress.kubernetes.io/ip-family': family,
          'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
        },
      },
      spec: { parentRef: { resource: 'services', namespace, name } },
    }
    const managedFields = trackUpdate({
      schema: definition.schema,
      manager: 'kube-apiserver',
      apiVersion: 'networking.k8s.io/v1',
      nowMs: clock.nowMs(),
      after: ipAddress,
    })
    if (managedFields) ipAddress.metadata!.managedFields = managedFields
    const form = toStorageForm(definition, ipAddress)
    const { ok } = await store.write({ key: this.#key(address), value: form.bytes, expected: 0, attachment: form })
    return ok
  }

  #key(address: string): string {
    return objectStoreKey(this.#options.definition, '', address)
  }
}

/** How far apart random starting points can be: as far as the random source counts. */
const maxRandom = 2n ** 47n
