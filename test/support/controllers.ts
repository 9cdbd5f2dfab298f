import { builtInResources } from '../../src/api/all.ts'
import type { Pod } from '../../src/api/types/core/v1.ts'
import { pods } from '../../src/api/types/resources.ts'
import { createDiscovery } from '../../src/apiserver/discovery/discovery.ts'
import { createLoopbackTransport } from '../../src/apiserver/loopback.ts'
import { createRegistry } from '../../src/apiserver/registry.ts'
import type { Handler } from '../../src/apiserver/request.ts'
import { parseRequestInfo } from '../../src/apiserver/request-info.ts'
import type { Client } from '../../src/client/client.ts'
import type { Cached } from '../../src/client/informer.ts'
import { createInformer } from '../../src/client/informers.ts'
import { createClient } from '../../src/client/typed-client.ts'
import { runControllers } from '../../src/controllers/run-controllers.ts'
import { isStatus } from '../../src/machinery/status.ts'
import { formatTime } from '../../src/machinery/time.ts'
import { createLogger, type Logger } from '../../src/platform/log.ts'
import { VirtualClock } from '../../src/platform/virtual-clock.ts'
import { createRestServer } from './rest-server.ts'

export interface ControllersUnderTest {
  readonly client: Client
  readonly clock: VirtualClock
  /** Lets virtual time pass until `check` is true; fails with `what` after ten virtual minutes. */
  until(what: string, check: () => Promise<boolean> | boolean): Promise<void>
  stop(): Promise<void>
}

export interface StartControllersOptions {
  readonly names: readonly string[]
  /** Pretend that every Pod starts and stops at once. Default true. */
  readonly runPods?: boolean
  readonly clusterCidrs?: readonly string[]
}

/** The named controllers against the API server's REST layer, in this process and in virtual time. */
export async function startControllers(options: StartControllersOptions): Promise<ControllersUnderTest> {
  const clock = new VirtualClock()
  const log = createLogger({ level: (process.env.KUBETS_TEST_LOG as 'warn' | undefined) ?? 'silent' })
  const client = openApi(clock)
  const stop = new AbortController()
  const running = [
    runControllers(
      {
        client,
        clientFor: () => client,
        clock,
        log,
        names: options.names,
        settings: { certificateAuthority: 'test authority', clusterCidrs: options.clusterCidrs ?? [] },
      },
      stop.signal,
    ),
  ]
  if (options.runPods ?? true) running.push(pretendToRunPods({ client, clock, log, signal: stop.signal }))
  return {
    client,
    clock,
    async until(what, check) {
      for (let passedMs = 0; passedMs < 600_000; passedMs += 50) {
        if (await check()) return
        await clock.advanceMs(50)
      }
      throw new Error(`did not happen within ten minutes: ${what}`)
    },
    async stop() {
      stop.abort()
      await clock.advanceMs(0)
      await Promise.all(running)
    },
  }
}

function openApi(clock: VirtualClock): Client {
  const rest = createRestServer({ clock })
  const discovery = createDiscovery(createRegistry(builtInResources), () => '127.0.0.1:6443')
  const handler: Handler = async (context) => {
    context.info = parseRequestInfo(context.method, context.path, context.query)
    return (context.info.isResourceRequest ? undefined : discovery(context)) ?? rest.handler(context)
  }
  const identity = { name: 'admin', groups: ['system:masters'], extra: {} }
  return createClient(createLoopbackTransport({ handler, identity, clock }))
}

interface Pretended {
  readonly client: Client
  readonly clock: VirtualClock
  readonly log: Logger
  readonly signal: AbortSignal
}

async function pretendToRunPods({ client, clock, log, signal }: Pretended): Promise<void> {
  const informer = createInformer({ client, resource: pods, clock, log })
  const pending = new Set<Promise<void>>()
  let address = 1
  const look = (pod: Cached<Pod>) => {
    const done = settle(pod)
      .catch((error: unknown) => {
        if (!isStatus(error, 'NotFound', 'Conflict')) throw error
      })
      .finally(() => pending.delete(done))
    pending.add(done)
  }
  const settle = async (pod: Cached<Pod>) => {
    const { name, namespace = '', deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata
    if (deletionTimestamp) {
      // At 0 only finalizers hold it, which are no kubelet's business.
      if (deletionGracePeriodSeconds === 0) return
      return client.of(pods).delete(name, { namespace, gracePeriodSeconds: 0 })
    }
    if (pod.status?.phase !== 'Pending' || pod.metadata.labels?.stays === 'pending') return
    const lastTransitionTime = formatTime(clock.nowMs())
    const podIP = `10.1.0.${address++}`
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime }]
    const status = { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions }
    await client.of(pods).updateStatus({ ...(structuredClone(pod) as Pod), status })
  }
  informer.addHandler({ added: look, updated: look })
  await informer.run(signal)
  await Promise.all(pending)
}
