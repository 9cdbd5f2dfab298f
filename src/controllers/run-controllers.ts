import type { Client } from '../client/client.ts'
import { runLeaderElection } from '../client/leader-election.ts'
import { createSharedInformers } from '../client/shared-informers.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import { controllers } from './all.ts'
import type { Controller, ControllerSettings } from './controller.ts'
import { type ReconcileObserver, runController } from './runner.ts'

export interface RunControllersOptions {
  /** As `system:kube-controller-manager`: reads for all controllers, and holds the lease. */
  readonly client: Client
  /** As `system:serviceaccount:kube-system:<name>`: what a controller writes with. */
  readonly clientFor: (serviceAccount: string) => Client
  readonly clock: Clock
  readonly log: Logger
  readonly settings: ControllerSettings
  /** Names of `controllers`; all if not given. Unknown ones throw. */
  readonly names?: readonly string[]
  /** Unique to this process. Without it no lease is taken: nobody else may run controllers then. */
  readonly leaderIdentity?: string
  readonly observe?: ReconcileObserver
}

/**
 * Runs the controllers until `signal` aborts, and while this process holds the lease `kube-system/kube-controller-manager`
 * if several may run. Resolves when all have stopped.
 */
export async function runControllers(options: RunControllersOptions, signal: AbortSignal): Promise<void> {
  const chosen = choose(options.names)
  const { leaderIdentity, client, clock, log } = options
  if (leaderIdentity === undefined) return runAll(options, chosen, signal)
  const lease = { namespace: 'kube-system', name: 'kube-controller-manager' }
  while (!signal.aborted) {
    await runLeaderElection({ client, clock, log, lease, identity: leaderIdentity }, signal, (leading) =>
      runAll(options, chosen, leading),
    )
  }
}

function choose(names: readonly string[] | undefined): readonly Controller[] {
  if (!names) return controllers
  return names.map((name) => {
    const found = controllers.find((controller) => controller.name === name)
    if (!found) throw new Error(`there is no controller named ${name}`)
    return found
  })
}

async function runAll(
  { client, clientFor, clock, log, settings, observe }: RunControllersOptions,
  chosen: readonly Controller[],
  signal: AbortSignal,
): Promise<void> {
  const informers = createSharedInformers({ client, clock, log })
  const running = chosen.map((controller) =>
    runController(
      {
        controller,
        client: controller.serviceAccount ? clientFor(controller.serviceAccount) : client,
        informers,
        clock,
        log,
        settings,
        ...(observe ? { observe } : {}),
      },
      signal,
    ),
  )
  await Promise.all([informers.run(signal), ...running])
}
