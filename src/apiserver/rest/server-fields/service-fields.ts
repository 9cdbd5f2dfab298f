import type { Service, ServicePort, ServiceSpec } from '../../../api/types/core/v1.ts'
import { type FieldError, internalError, invalid } from '../../../machinery/errors.ts'
import { invalidField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { AllocationError, type ClusterIpAllocator } from './cluster-ip-allocator.ts'
import { initIpFamilies, noClusterIp, sameList } from './ip-families.ts'
import { type NodePortAllocator, nodePortsOf } from './node-port-allocator.ts'
import type { Taken } from './server-fields.ts'

export interface ServiceAllocators {
  /** One a family the cluster has; the first is the default. */
  readonly clusterIps: readonly ClusterIpAllocator[]
  readonly nodePorts: NodePortAllocator
}

type Old = DeepReadonly<Service> | undefined
type Spec = DeepReadonly<ServiceSpec>

/** Fills what the server gives a Service: families, addresses, ports. After core/service/storage v1.36. */
export async function allocateService(
  allocators: ServiceAllocators,
  service: Service,
  old: Old,
  dryRun: boolean,
): Promise<Taken | undefined> {
  if (!service.spec) return undefined
  if (old?.spec) keepAllocated(service.spec, old.spec)
  normalizeClusterIps(service.spec, old?.spec)
  const allocation = new ServiceAllocation(allocators, service, old, dryRun)
  try {
    await allocation.run()
    return allocation
  } catch (error) {
    await allocation.rollback()
    throw error
  }
}

/** What an update leaves out and the Service has already. After patchAllocatedValues. */
function keepAllocated(spec: ServiceSpec, old: Spec): void {
  if (needsClusterIp(old) && needsClusterIp(spec)) {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP
    if (!spec.clusterIPs?.length && spec.clusterIP === old.clusterIP) spec.clusterIPs = [...(old.clusterIPs ?? [])]
  }
  if (allocatesNodePorts(old) && allocatesNodePorts(spec)) keepNodePorts(spec.ports ?? [], old.ports ?? [])
  if (needsHealthCheck(old) && needsHealthCheck(spec) && old.healthCheckNodePort) {
    spec.healthCheckNodePort ||= old.healthCheckNodePort
  }
}

function keepNodePorts(ports: ServicePort[], old: readonly DeepReadonly<ServicePort>[]): void {
  const used = new Set(ports.map(({ nodePort }) => nodePort).filter((port) => port))
  const byName = new Map(old.map(({ name = '', nodePort }) => [name, nodePort]))
  for (const port of ports) {
    const before = byName.get(port.name ?? '')
    if (port.nodePort || !before || used.has(before)) continue
    port.nodePort = before
    used.add(before)
  }
}

/** `clusterIP` and the first of `clusterIPs` are the same, whichever of them the client has set. */
function normalizeClusterIps(spec: ServiceSpec, old: Spec | undefined): void {
  if (!old) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP]
    return
  }
  if (!sameList(old.clusterIPs, spec.clusterIPs)) return
  if (old.clusterIP && !spec.clusterIP) delete spec.clusterIPs
  else if (spec.clusterIP && spec.clusterIP !== old.clusterIP) spec.clusterIPs = [spec.clusterIP]
}

function needsClusterIp({ type }: Spec): boolean {
  return type !== 'ExternalName'
}

function hasNodePorts({ type }: Spec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer'
}

function allocatesNodePorts({ type, allocateLoadBalancerNodePorts }: Spec): boolean {
  return type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false)
}

function needsHealthCheck({ type, externalTrafficPolicy }: Spec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local'
}

/** What one write takes and, once it is written, gives back. */
class ServiceAllocation implements Taken {
  readonly #allocators: ServiceAllocators
  readonly #service: Service
  readonly #old: Old
  readonly #dryRun: boolean
  readonly #addresses: { readonly allocator: ClusterIpAllocator; readonly address: string }[] = []
  readonly #ports: number[] = []

  constructor(allocators: ServiceAllocators, service: Service, old: Old, dryRun: boolean) {
    this.#allocators = allocators
    this.#service = service
    this.#old = old
    this.#dryRun = dryRun
  }

  async run(): Promise<void> {
    const families = this.#allocators.clusterIps.map(({ family }) => family)
    initIpFamilies(this.#service, this.#old, families)
    await this.#allocateAddresses()
    this.#allocatePorts()
    this.#allocateHealthCheckPort()
  }

  async commit(): Promise<void> {
    this.#releasePorts()
    if (this.#dryRun || !this.#old) return
    const kept = new Set(needsClusterIp(this.#service.spec!) ? this.#service.spec!.clusterIPs : [])
    await releaseAddresses(this.#allocators, this.#old, kept)
  }

  async rollback(): Promise<void> {
    this.#releasePorts()
    if (this.#dryRun) return
    for (const { allocator, address } of this.#addresses.splice(0)) await allocator.release(address)
  }

  #releasePorts(): void {
    for (const port of this.#ports.splice(0)) this.#allocators.nodePorts.release(port)
  }

  /** A Service keeps the addresses it has; what its families have beyond that is taken anew. */
  async #allocateAddresses(): Promise<void> {
    const spec = this.#service.spec!
    if (!needsClusterIp(spec) || spec.clusterIPs?.[0] === noClusterIp) return
    const before = this.#old?.spec
    const had = before && needsClusterIp(before) ? (before.clusterIPs ?? []) : []
    if (had[0] === noClusterIp) return
    const addresses = [...(spec.clusterIPs ?? [])]
    for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
      const wanted = addresses[index] ?? ''
      if (index < had.length) continue
      addresses[index] = await this.#takeAddress(family, wanted)
    }
    spec.clusterIPs = addresses
    if (addresses[0]) spec.clusterIP = addresses[0]
  }

  async #takeAddress(family: string, wanted: string): Promise<string> {
    const { namespace = '', name = '' } = this.#service.metadata ?? {}
    const owner = { namespace, name }
    const allocator = this.#allocators.clusterIps.find((each) => each.family === family)!
    try {
      if (wanted !== '') await allocator.allocate(wanted, owner, this.#dryRun)
      const address = wanted || (await allocator.allocateNext(owner, this.#dryRun))
      if (address === undefined)
        throw internalError(`failed to allocate a serviceIP for Service "${name}": range is full`)
      this.#addresses.push({ allocator, address })
      return address
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error
      const why = `failed to allocate IP ${wanted}: ${error.message}`
      throw this.#invalid(invalidField('spec.clusterIPs', this.#service.spec!.clusterIPs ?? [], why))
    }
  }

  #allocatePorts(): void {
    const spec = this.#service.spec!
    if (!hasNodePorts(spec)) return
    const had = this.#old ? nodePortsOf(this.#old) : new Set<number>()
    const byPort = new Map<number, number>()
    for (const [index, port] of (spec.ports ?? []).entries()) {
      if (!port.nodePort && !allocatesNodePorts(spec)) continue
      // Ports of one number share a node port, whatever their protocol, unless they ask for others.
      const nodePort = port.nodePort || byPort.get(port.port) || requestedPort(spec, port.port)
      port.nodePort = nodePort ? this.#takePort(nodePort, index, had) : this.#takeNextPort()
      if (!byPort.has(port.port)) byPort.set(port.port, port.nodePort)
    }
  }

  #takePort(nodePort: number, index: number, had: ReadonlySet<number>): number {
    if (had.has(nodePort) || this.#ports.includes(nodePort)) return nodePort
    try {
      this.#allocators.nodePorts.allocate(nodePort, this.#dryRun)
      this.#ports.push(nodePort)
      return nodePort
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error
      throw this.#invalid(invalidField(`spec.ports[${index}].nodePort`, nodePort, error.message))
    }
  }

  #takeNextPort(): number {
    try {
      const nodePort = this.#allocators.nodePorts.allocateNext()
      this.#ports.push(nodePort)
      return nodePort
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error
      throw internalError(`failed to allocate a nodePort: ${error.message}`)
    }
  }

  #allocateHealthCheckPort(): void {
    const spec = this.#service.spec!
    if (!needsHealthCheck(spec) || (this.#old?.spec && needsHealthCheck(this.#old.spec))) return
    if (!spec.healthCheckNodePort) {
      spec.healthCheckNodePort = this.#takeNextPort()
      return
    }
    try {
      this.#allocators.nodePorts.allocate(spec.healthCheckNodePort, this.#dryRun)
      this.#ports.push(spec.healthCheckNodePort)
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error
      const what = `failed to allocate requested HealthCheck NodePort ${spec.healthCheckNodePort}`
      throw internalError(`${what}: ${error.message}`)
    }
  }

  #invalid(error: FieldError) {
    return invalid({ group: '', kind: 'Service' }, this.#service.metadata?.name ?? '', [error])
  }
}

function requestedPort({ ports = [] }: ServiceSpec, port: number): number | undefined {
  return ports.find((each) => each.port === port && each.nodePort)?.nodePort
}

/** Gives back the addresses of a Service but those in `kept`. */
export async function releaseAddresses(
  { clusterIps }: ServiceAllocators,
  { spec }: DeepReadonly<Service>,
  kept: ReadonlySet<string> = new Set(),
): Promise<void> {
  if (!spec || !needsClusterIp(spec) || spec.clusterIPs?.[0] === noClusterIp) return
  for (const [index, address] of (spec.clusterIPs ?? []).entries()) {
    const family = spec.ipFamilies?.[index]
    const allocator = clusterIps.find((each) => each.family === family)
    if (allocator && !kept.has(address)) await allocator.release(address)
  }
}
