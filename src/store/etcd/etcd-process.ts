import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../platform/clock.ts'
import { silentLogger } from '../../platform/log.ts'
import { openEtcdStore } from './etcd-store.ts'

const binary = '/usr/bin/etcd'

/** Why tests that need etcd cannot run here. In CI it must be there, and a missing one fails the run. */
export const etcdSkipReason =
  existsSync(binary) || process.env.CI ? undefined : `${binary} is missing: install the package etcd-server`

/** A real etcd of one member for tests, with data of its own. */
export interface EtcdProcess {
  readonly endpoint: string
  /** Ends it as a power cut would. */
  readonly kill: () => Promise<void>
  /** Starts it again over the same data, and waits until it serves. */
  readonly start: () => Promise<void>
  /** Ends it and removes its data. */
  readonly dispose: () => Promise<void>
}

/** Starts etcd on free ports of the loopback address and waits until it serves. */
export async function startEtcd(): Promise<EtcdProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'kubets-etcd-'))
  const [clientPort, peerPort] = [await freePort(), await freePort()]
  const clientUrl = `http://127.0.0.1:${clientPort}`
  const peerUrl = `http://127.0.0.1:${peerPort}`
  const endpoint = `127.0.0.1:${clientPort}`
  const flags = [
    ...['--data-dir', join(folder, 'data'), '--name', 'test', '--initial-cluster', `test=${peerUrl}`],
    ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
    ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
  ]
  let child: ChildProcess
  const start = async () => {
    child = spawn(binary, flags, { stdio: 'ignore' })
    await once(child, 'spawn')
    await untilServing(endpoint, child)
  }
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  const dispose = async () => {
    await kill()
    await rm(folder, { recursive: true })
  }
  try {
    await start()
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  return { endpoint, kill, start, dispose }
}

/** Opening a store needs an answer from etcd's consensus, which is what tests wait for. */
async function untilServing(endpoint: string, child: ChildProcess): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + 30_000
  for (;;) {
    if (child.exitCode !== null) throw new Error(`etcd ended with exit code ${child.exitCode}`)
    try {
      const options = { endpoints: [endpoint], clock: systemClock, log: silentLogger, requestTimeoutMs: 1_000 }
      return await (await openEtcdStore(options)).close()
    } catch (error) {
      if (systemClock.monotonicMs() > deadlineMs) throw error
      await systemClock.sleep(50)
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('the port of a TCP server is missing')
  return address.port
}
