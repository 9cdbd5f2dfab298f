import type { Endpoint, EndpointSlice } from '../api/types/discovery/v1.ts'
import type { DeepReadonly, Stored } from '../machinery/object.ts'

export type EndpointSliceObject = DeepReadonly<Stored<EndpointSlice>>

export interface Target {
  readonly address: string
  readonly port: number
}

/** An endpoint with the number that a Service's port has there. */
export interface Candidate extends Target {
  readonly endpoint: DeepReadonly<Endpoint>
}

/** The endpoints of all slices that have a port of this name. A slice's port without a number has none. */
export function endpointsOf(slices: readonly EndpointSliceObject[], portName: string): Candidate[] {
  return slices.flatMap(({ ports, endpoints }) => {
    const port = ports?.find(({ name = '' }) => name === portName)?.port
    if (port === undefined) return []
    return (endpoints ?? []).flatMap((endpoint) => {
      const address = endpoint.addresses[0]
      return address === undefined ? [] : [{ endpoint, address, port }]
    })
  })
}

interface Choice {
  readonly candidates: readonly Candidate[]
  readonly nodeName: string
  readonly zone: string | undefined
  readonly usesCluster: boolean
  readonly usesLocal: boolean
}

interface Chosen {
  readonly cluster: readonly Target[]
  readonly local: readonly Target[]
  readonly onThisNode: readonly Target[]
  readonly hasEndpoints: boolean
  readonly serving: readonly Target[]
  readonly readyHere: readonly Target[]
}

/**
 * Which endpoints traffic may go to from this node under each policy; ready ones, or where there are none those that
 * still serve while they end. Pure. After pkg/proxy/topology.go CategorizeEndpoints.
 */
export function chooseTargets({ candidates, nodeName, zone, usesCluster, usesLocal }: Choice): Chosen {
  const isLocal = ({ endpoint }: Candidate) => endpoint.nodeName === nodeName
  const ready = candidates.filter(isReady)
  const ending = candidates.filter(servesWhileEnding)
  const nearest = byTopology(ready, nodeName, zone)
  const cluster = usesCluster ? firstNotEmpty(nearest, ending) : []
  const local = usesLocal ? firstNotEmpty(ready.filter(isLocal), ending.filter(isLocal)) : []
  return {
    cluster: targetsOf(cluster),
    local: targetsOf(local),
    onThisNode: targetsOf([...cluster, ...local].filter(isLocal)),
    hasEndpoints: ready.length + ending.length > 0,
    serving: targetsOf(candidates.filter(serves)),
    readyHere: targetsOf(ready.filter(isLocal)),
  }
}

/** What is not said is true, but for terminating. */
function isReady({ endpoint: { conditions } }: Candidate): boolean {
  return conditions?.ready ?? true
}

function serves(candidate: Candidate): boolean {
  return candidate.endpoint.conditions?.serving ?? true
}

function servesWhileEnding(candidate: Candidate): boolean {
  return !isReady(candidate) && serves(candidate) && candidate.endpoint.conditions?.terminating === true
}

function firstNotEmpty(first: readonly Candidate[], second: readonly Candidate[]): readonly Candidate[] {
  return first.length > 0 ? first : second
}

/**
 * Endpoints hinted for this node if all have node hints, for this zone if all have zone hints, else all.
 * After pkg/proxy/topology.go topologyModeFromHints.
 */
function byTopology(ready: readonly Candidate[], nodeName: string, zone: string | undefined): readonly Candidate[] {
  const forNode = ready.filter(({ endpoint }) => endpoint.hints?.forNodes?.some(({ name }) => name === nodeName))
  if (forNode.length > 0 && ready.every(({ endpoint }) => endpoint.hints?.forNodes?.length)) return forNode
  const forZone = ready.filter(({ endpoint }) => endpoint.hints?.forZones?.some(({ name }) => name === zone))
  if (forZone.length > 0 && ready.every(({ endpoint }) => endpoint.hints?.forZones?.length)) return forZone
  return ready
}

/** Sorted, each once: equal states give equal rules. */
function targetsOf(candidates: readonly Candidate[]): Target[] {
  const unique = new Map<string, Target>()
  for (const { address, port } of candidates) unique.set(`${address}:${port}`, { address, port })
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, target]) => target)
}
