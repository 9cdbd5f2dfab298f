import type { Store } from '../../store/store.ts'
import type { HealthCheck, HealthChecks } from './health.ts'

/** What the server itself knows of how far it is. */
export interface ServerState {
  readonly port: number
  readonly bootstrapped: boolean
  readonly stopping: boolean
}

/** Parts of the start that upstream reports one by one; here they end together. */
const startHooks = [
  'poststarthook/start-system-namespaces-controller',
  'poststarthook/rbac/bootstrap-roles',
  'poststarthook/scheduling/bootstrap-system-priority-classes',
  'poststarthook/priority-and-fairness-config-producer',
  'poststarthook/bootstrap-controller',
  'poststarthook/start-kubernetes-service-cidr-controller',
  'poststarthook/start-cluster-authentication-info-controller',
  'poststarthook/kube-apiserver-autoregistration',
]

/** The checks of `/healthz`, `/livez` and `/readyz`, under upstream's names. */
export function createHealthChecks(store: Store, state: ServerState): HealthChecks {
  const ping: HealthCheck = { name: 'ping', check: () => {} }
  const log: HealthCheck = { name: 'log', check: () => {} }
  const etcd: HealthCheck = { name: 'etcd', check: () => checkStore(store) }
  const hooks = startHooks.map(
    (name): HealthCheck => ({ name, check: () => requireThat(state.bootstrapped, 'not finished') }),
  )
  const shutdown: HealthCheck = {
    name: 'shutdown',
    check: () => requireThat(!state.stopping, 'process is shutting down'),
  }
  const readiness: HealthCheck = { name: 'etcd-readiness', check: () => checkStore(store) }
  const informers: HealthCheck = { name: 'informer-sync', check: () => {} }
  return {
    healthz: [ping, log, etcd, ...hooks],
    livez: [ping, log, etcd, ...hooks],
    readyz: [ping, log, etcd, readiness, informers, ...hooks, shutdown],
  }
}

/** Throws when the datastore does not answer. */
export async function checkStore(store: Store): Promise<void> {
  await store.fresh()
}

function requireThat(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise)
}
