import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Lease } from '../../api/types/coordination/v1.ts'
import type { ConfigMap } from '../../api/types/core/v1.ts'
import type { KubeObject } from '../../machinery/object.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { ApiObjects } from './api-objects.ts'
import { type BootstrapOptions, ensure, objectPath } from './bootstrap.ts'
import {
  advertisedAddress,
  authenticationConfigMap,
  identityLabel,
  identityLease,
  type ServerAddress,
  type ServerFacts,
  serviceObjects,
  tokenTrackingConfigMap,
} from './server-objects.ts'

export interface AnnounceOptions extends BootstrapOptions {
  readonly facts: Omit<ServerFacts, 'hostname'>
  readonly log: Logger
}

/** Upstream's IdentityLeaseRenewIntervalPeriod, and the interval of its controllers of the Service `kubernetes`. */
const announceEveryMs = 10_000
/** A server that has missed so many renewals is gone, and no endpoint any more. */
const missedRenewals = 3
/** Expired Leases are of no use to anybody, but also in nobody's way. Upstream's gcCheckPeriod. */
const collectEveryMs = 3_600_000

const leaseCollection = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases'

/**
 * Tells the cluster of this server: its Lease, the Service `kubernetes` with the addresses of all servers that renew
 * theirs, and whom it trusts. Resolves after the first attempt, with what keeps all this true until its signal aborts.
 * A failure only delays it: a webhook that refuses everything, and only a running server can be freed of, must not keep
 * the server from starting. After kubernetes pkg/controlplane v1.36 (kubernetesservice, apiserverleasegc,
 * clusterauthenticationtrust, legacytokentracking).
 */
export async function announce(options: AnnounceOptions): Promise<(signal: AbortSignal) => Promise<void>> {
  const { clock } = options
  const announcer = new Announcer(options)
  await announcer.announce({ takeOver: true })
  return async (signal) => {
    let collectMs = clock.monotonicMs()
    for (;;) {
      await clock.sleep(announceEveryMs, signal)
      if (signal.aborted) return
      await announcer.announce({ takeOver: false })
      if (clock.monotonicMs() < collectMs) continue
      await announcer.collect()
      collectMs = clock.monotonicMs() + collectEveryMs
    }
  }
}

class Announcer {
  readonly #api: ApiObjects
  readonly #clock: Clock
  readonly #log: Logger
  readonly #facts: ServerFacts
  readonly #id = randomUUID()

  constructor({ transport, clock, log, facts }: AnnounceOptions) {
    this.#api = new ApiObjects(transport)
    this.#clock = clock
    this.#log = log
    this.#facts = { ...facts, hostname: hostname() }
  }

  /** Each object on its own: what is wrong with one must not keep the others back. */
  async announce({ takeOver }: { readonly takeOver: boolean }): Promise<void> {
    await this.#reportFailures([this.#renew(takeOver)])
    const servers = await this.#servers()
    const objects = [...serviceObjects(this.#facts, servers), authenticationConfigMap(this.#facts)]
    await this.#reportFailures([...objects.map((object) => this.#keep(object)), this.#keepTokenTracking()])
  }

  /** Removes the Leases of servers that are gone for good. */
  async collect(): Promise<void> {
    const nowMs = this.#clock.nowMs()
    const expired = (await this.#leases()).filter(({ spec = {} }) => {
      const { renewTime, leaseDurationSeconds } = spec
      if (!renewTime || leaseDurationSeconds === undefined) return true
      return Date.parse(renewTime) + leaseDurationSeconds * 1000 < nowMs
    })
    await this.#reportFailures(expired.map((lease) => this.#api.remove(objectPath(lease as KubeObject))))
  }

  /** Two servers of one machine have one Lease between them: the one that started last. */
  async #renew(takeOver: boolean): Promise<void> {
    const lease = identityLease(this.#facts, this.#id, this.#clock.nowMs())
    const found = (await this.#api.get(objectPath(lease))) as Lease | undefined
    const isOurs = found?.spec?.holderIdentity === (lease as Lease).spec?.holderIdentity
    if (found && !isOurs && !takeOver && this.#isAlive(found)) return
    await ensure(this.#api, lease, found as KubeObject | undefined, this.#clock.nowMs())
  }

  async #keep(object: KubeObject): Promise<void> {
    await ensure(this.#api, object, await this.#api.get(objectPath(object)), this.#clock.nowMs())
  }

  /** The day stays as it is, whoever wrote it. */
  async #keepTokenTracking(): Promise<void> {
    const wanted = tokenTrackingConfigMap(this.#clock.nowMs())
    const found = await this.#api.get(objectPath(wanted))
    const { since = '' } = (found as ConfigMap | undefined)?.data ?? {}
    if (!/^\d{4}-\d\d-\d\d$/.test(since)) await ensure(this.#api, wanted, found, this.#clock.nowMs())
  }

  async #servers(): Promise<ServerAddress[]> {
    const { advertiseAddress: ip, port } = this.#facts
    const alive = (await this.#leases()).filter((lease) => this.#isAlive(lease))
    const addresses = alive.flatMap((lease) => advertisedAddress(lease as KubeObject) ?? [])
    return addresses.length > 0 ? addresses : [{ ip, port }]
  }

  #isAlive({ spec }: Lease): boolean {
    return Date.parse(spec?.renewTime ?? '') + missedRenewals * announceEveryMs > this.#clock.nowMs()
  }

  /** Of the API servers, in the order of their names; none when they cannot be listed. */
  async #leases(): Promise<Lease[]> {
    try {
      const found = await this.#api.list(leaseCollection, { labelSelector: `${identityLabel}=kube-apiserver` })
      return [...found.values()] as Lease[]
    } catch (error) {
      this.#log.warn('the leases of the API servers could not be listed', { error })
      return []
    }
  }

  async #reportFailures(work: readonly Promise<void>[]): Promise<void> {
    for (const result of await Promise.allSettled(work)) {
      if (result.status === 'rejected')
        this.#log.warn('the cluster could not be told of this server', { error: result.reason })
    }
  }
}
