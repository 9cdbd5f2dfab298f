import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Lease } from '../api/types/coordination/v1.ts'
import { alreadyExists, conflict, notFound } from '../machinery/errors.ts'
import { StatusError } from '../machinery/status.ts'
import { silentLogger } from '../platform/log.ts'
import { VirtualClock } from '../platform/virtual-clock.ts'
import { runLeaderElection } from './leader-election.ts'
import type { ApiRequest, ApiResponse, Transport } from './transport.ts'
import { createClient } from './typed-client.ts'

const resource = { group: 'coordination.k8s.io', resource: 'leases' }

/** A server that knows one Lease and optimistic locking, and can be out of reach. */
class LeaseServer implements Transport {
  lease: Lease | undefined
  reachable = true
  #version = 0

  async request({ method, body }: ApiRequest): Promise<ApiResponse> {
    if (!this.reachable) throw new Error('connection refused')
    try {
      return { status: 200, body: this.#answer(method, body as Lease), warnings: [] }
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      return { status: error.code, body: error.status, warnings: [] }
    }
  }

  #answer(method: string, body: Lease): Lease {
    if (method === 'GET') {
      if (!this.lease) throw notFound(resource, 'l')
      return this.lease
    }
    if (method === 'POST' && this.lease) throw alreadyExists(resource, 'l')
    if (method === 'PUT' && body.metadata?.resourceVersion !== this.lease?.metadata?.resourceVersion) {
      throw conflict(resource, 'l', 'changed')
    }
    this.#version += 1
    this.lease = { ...body, metadata: { ...body.metadata, resourceVersion: String(this.#version) } }
    return this.lease
  }

  async watch(): Promise<never> {
    throw new Error('nobody watches')
  }

  async close() {}
}

function open() {
  const clock = new VirtualClock()
  const server = new LeaseServer()
  const client = createClient(server)
  const led: string[] = []
  const stand = (identity: string) => {
    const stop = new AbortController()
    const lease = { namespace: 'kube-system', name: 'l' }
    const options = { client, clock, log: silentLogger, lease, identity, random: () => 0 }
    const done = runLeaderElection(options, stop.signal, async (signal) => {
      led.push(`+${identity}`)
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      led.push(`-${identity}`)
    })
    return { stop, done }
  }
  return { clock, server, led, stand }
}

test('the first candidate leads, the second waits until it is given the lease back', async () => {
  const { clock, led, stand, server } = open()
  const first = stand('a')
  await clock.advanceMs(100)
  const second = stand('b')
  await clock.advanceMs(60_000)
  assert.deepEqual(led, ['+a'])
  first.stop.abort()
  await clock.advanceMs(3000)
  assert.deepEqual(led, ['+a', '-a', '+b'])
  assert.equal(server.lease?.spec?.leaseTransitions, 1)
  second.stop.abort()
  await clock.advanceMs(0)
  await Promise.all([first.done, second.done])
  assert.equal(server.lease?.spec?.holderIdentity, '')
})

test('a leader that vanishes is succeeded when its lease ends, 15 s after the last sign of it', async () => {
  const { clock, led, stand, server } = open()
  server.lease = {
    metadata: { namespace: 'kube-system', name: 'l', resourceVersion: '0' },
    spec: { holderIdentity: 'vanished', renewTime: '2020-01-01T00:00:00.000000Z' },
  }
  const candidate = stand('b')
  await clock.advanceMs(14_000)
  assert.deepEqual(led, [])
  await clock.advanceMs(3000)
  assert.deepEqual(led, ['+b'])
  candidate.stop.abort()
  await clock.advanceMs(0)
  await candidate.done
})

test('a leader that cannot renew for 10 s stops before another can begin', async () => {
  const { clock, led, stand, server } = open()
  const leader = stand('a')
  await clock.advanceMs(5000)
  server.reachable = false
  await clock.advanceMs(8000)
  assert.deepEqual(led, ['+a'])
  await clock.advanceMs(3000)
  assert.deepEqual(led, ['+a', '-a'])
  await leader.done
})
