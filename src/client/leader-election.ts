import type { Lease } from '../api/types/coordination/v1.ts'
import { leases } from '../api/types/resources.ts'
import type { DeepReadonly, Stored } from '../machinery/object.ts'
import { isStatus } from '../machinery/status.ts'
import { formatMicroTime } from '../machinery/time.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import type { Client } from './client.ts'

export interface LeaderElectionOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Logger
  readonly lease: { readonly namespace: string; readonly name: string }
  /** Unique to this candidate. */
  readonly identity: string
  /** Others wait this long after the last renewal they saw. 15 s as upstream. */
  readonly leaseDurationMs?: number
  /** The leader gives up when it could not renew for this long; must be shorter than the lease. 10 s as upstream. */
  readonly renewDeadlineMs?: number
  /** Between two attempts, to get or to renew. 2 s as upstream. */
  readonly retryPeriodMs?: number
  /** In [0, 1). */
  readonly random?: () => number
}

/** How much a waiting candidate stretches its retries, so that candidates do not march in step. */
const jitter = 1.2

/** What one candidate saw, by its own monotonic clock: clocks of machines may differ, only their rates may not. */
interface Observed {
  readonly record: string
  readonly atMs: number
}

/**
 * Waits for the lease, then runs `lead` with a signal that aborts when the lease is lost or `signal` aborts. Resolves
 * when leading ended, whyever: a caller that wants to stand again calls again. The lease is given back on the way
 * out. Throws what `lead` throws. After client-go v1.36 tools/leaderelection.
 */
export async function runLeaderElection(
  options: LeaderElectionOptions,
  signal: AbortSignal,
  lead: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { clock, log, retryPeriodMs = 2000, random = Math.random } = options
  const candidate = new Candidate(options)
  while (!signal.aborted && !(await candidate.tryAcquireOrRenew())) {
    await clock.sleep(retryPeriodMs * (1 + jitter * random()), signal)
  }
  if (signal.aborted) return
  log.info('became leader', { lease: options.lease.name, identity: options.identity })
  const lost = new AbortController()
  const leading = AbortSignal.any([signal, lost.signal])
  const renewing = renewUntilLost(options, candidate, leading).finally(() => lost.abort())
  try {
    await lead(leading)
  } finally {
    lost.abort()
    await renewing
    await candidate.release()
  }
}

async function renewUntilLost(
  options: LeaderElectionOptions,
  candidate: Candidate,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, renewDeadlineMs = 10_000, retryPeriodMs = 2000 } = options
  let renewedMs = clock.monotonicMs()
  while (!signal.aborted) {
    await clock.sleep(retryPeriodMs, signal)
    if (signal.aborted) return
    const askedMs = clock.monotonicMs()
    if (await candidate.tryAcquireOrRenew()) renewedMs = askedMs
    else if (clock.monotonicMs() - renewedMs >= renewDeadlineMs) {
      return log.error('lost the lease', { lease: options.lease.name })
    }
  }
}

class Candidate {
  readonly #options: LeaderElectionOptions
  readonly #leaseDurationMs: number
  #observed: Observed | undefined

  constructor(options: LeaderElectionOptions) {
    this.#options = options
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000
  }

  /** Whether this candidate holds the lease now. Failures of any kind are a no, and so is an answer that is too late. */
  async tryAcquireOrRenew(): Promise<boolean> {
    const { clock, log, lease, renewDeadlineMs = 10_000 } = this.#options
    const deadline = new AbortController()
    const timer = clock.setTimer(renewDeadlineMs, () => deadline.abort())
    try {
      return await this.#attempt(deadline.signal)
    } catch (error) {
      if (!isStatus(error, 'Conflict', 'AlreadyExists')) log.warn('cannot get or renew the lease', { error, ...lease })
      return false
    } finally {
      timer.cancel()
    }
  }

  async #attempt(signal: AbortSignal): Promise<boolean> {
    const { client, clock, identity } = this.#options
    const current = await this.#read(signal)
    const nowMs = clock.nowMs()
    if (!current) {
      const lease = this.#leaseOf({ acquireTime: nowMs, renewTime: nowMs, transitions: 0 })
      await client.of(leases).create(lease, { signal })
      return true
    }
    this.#observe(current)
    const holder = current.spec?.holderIdentity ?? ''
    if (holder !== '' && holder !== identity && !this.#hasExpired()) return false
    await client.of(leases).update(this.#taken(current, nowMs), { signal })
    return true
  }

  /** Gives the lease back, so that the next leader need not wait. Failures are only logged: it ends by itself. */
  async release(): Promise<void> {
    const { client, clock, log, identity } = this.#options
    try {
      const current = await this.#read()
      if (!current || current.spec?.holderIdentity !== identity) return
      const free = structuredClone(current) as Lease
      const released = formatMicroTime(clock.nowMs())
      free.spec = {
        leaseTransitions: current.spec.leaseTransitions ?? 0,
        leaseDurationSeconds: 1,
        renewTime: released,
        acquireTime: released,
        holderIdentity: '',
      }
      await client.of(leases).update(free)
    } catch (error) {
      log.warn('cannot give back the lease', { error })
    }
  }

  async #read(signal?: AbortSignal): Promise<DeepReadonly<Stored<Lease>> | undefined> {
    const { client, lease } = this.#options
    try {
      return await client.of(leases).get(lease.name, { namespace: lease.namespace, ...(signal ? { signal } : {}) })
    } catch (error) {
      if (isStatus(error, 'NotFound')) return undefined
      throw error
    }
  }

  #observe({ spec }: DeepReadonly<Lease>): void {
    const record = JSON.stringify([spec?.holderIdentity, spec?.renewTime, spec?.leaseTransitions])
    if (this.#observed?.record !== record) this.#observed = { record, atMs: this.#options.clock.monotonicMs() }
  }

  #hasExpired(): boolean {
    const sinceMs = this.#options.clock.monotonicMs() - (this.#observed?.atMs ?? 0)
    return sinceMs >= this.#leaseDurationMs
  }

  #taken(current: DeepReadonly<Stored<Lease>>, nowMs: number): Lease {
    const mine = current.spec?.holderIdentity === this.#options.identity
    const acquired = Date.parse(current.spec?.acquireTime ?? '') || nowMs
    const transitions = current.spec?.leaseTransitions ?? 0
    const next = this.#leaseOf({
      acquireTime: mine ? acquired : nowMs,
      renewTime: nowMs,
      transitions: mine ? transitions : transitions + 1,
    })
    return { ...(structuredClone(current) as Lease), spec: next.spec! }
  }

  #leaseOf(times: { acquireTime: number; renewTime: number; transitions: number }): Lease {
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...this.#options.lease },
      spec: {
        holderIdentity: this.#options.identity,
        leaseDurationSeconds: Math.ceil(this.#leaseDurationMs / 1000),
        acquireTime: formatMicroTime(times.acquireTime),
        renewTime: formatMicroTime(times.renewTime),
        leaseTransitions: times.transitions,
      },
    }
  }
}
