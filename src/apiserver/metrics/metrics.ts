import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Clock } from '../../platform/clock.ts'
import type { Store } from '../../store/store.ts'
import type { InFlight } from '../flowcontrol/max-in-flight.ts'
import { isLongRunning } from '../long-running.ts'
import type { Answer, RequestContext, Step } from '../request.ts'
import { serverVersion } from '../version.ts'

/** Upstream's buckets, in seconds. After apiserver endpoints/metrics v1.36. */
const durationBuckets = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
]

const requestLabels = ['verb', 'group', 'version', 'resource', 'subresource', 'scope'] as const
const knownVerbs: ReadonlySet<string> = new Set([
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
  'connect',
])

export interface Metrics {
  /** Counts requests and measures how long they take until their answer is known. */
  readonly instrument: Step
  /** The text that Prometheus reads. */
  render(): Promise<string>
  readonly contentType: string
}

export interface MetricsOptions {
  /** Others put theirs in as well. */
  readonly registry: Registry
  readonly clock: Clock
  readonly inFlight: InFlight
  readonly store: Store
  /** Whether this resource is served: labels must not grow with what clients make up. */
  readonly isServed: (group: string, version: string, resource: string) => boolean
}

/** The API server's own metrics, under upstream's names. */
export function createMetrics({ registry, clock, inFlight, store, isServed }: MetricsOptions): Metrics {
  const requests = new Counter({
    name: 'apiserver_request_total',
    help: 'Requests by verb, resource, scope and HTTP status.',
    labelNames: [...requestLabels, 'code', 'dry_run', 'component'],
    registers: [registry],
  })
  const durations = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Seconds from the arrival of a request to its answer.',
    labelNames: [...requestLabels, 'component'],
    buckets: durationBuckets,
    registers: [registry],
  })
  const longRunning = new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Watches and other streams that are open.',
    labelNames: [...requestLabels, 'component'],
    registers: [registry],
  })
  addGauges(registry, inFlight, store)
  const labels = requestLabeller(isServed)
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    async instrument(context, next) {
      const startMs = clock.monotonicMs()
      const answer = await next(context)
      const base = labels(context)
      requests.inc({ ...base, code: String(statusOf(answer)), dry_run: '' })
      if (!isLongRunning(context.info)) durations.observe(base, (clock.monotonicMs() - startMs) / 1000)
      else if (answer.kind === 'watch' || answer.kind === 'takeover') {
        longRunning.inc(base)
        context.signal.addEventListener('abort', () => longRunning.dec(base), { once: true })
      }
      return answer
    },
  }
}

function addGauges(registry: Registry, inFlight: InFlight, store: Store): void {
  new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests being served, by kind.',
    labelNames: ['request_kind'],
    registers: [registry],
    collect() {
      this.set({ request_kind: 'readOnly' }, inFlight.reading)
      this.set({ request_kind: 'mutating' }, inFlight.mutating)
    },
  })
  new Gauge({
    name: 'apiserver_storage_size_bytes',
    help: 'Size of the datastore on disk.',
    labelNames: ['storage_cluster_id'],
    registers: [registry],
    async collect() {
      const { fileBytes, engine } = await store.stats()
      this.set({ storage_cluster_id: engine }, fileBytes)
    },
  })
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of this process.',
    registers: [registry],
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  const { major, minor, gitVersion, platform } = serverVersion
  new Gauge({
    name: 'kubernetes_build_info',
    help: 'What is running.',
    labelNames: ['major', 'minor', 'git_version', 'platform'],
    registers: [registry],
  }).set({ major, minor, git_version: gitVersion, platform }, 1)
}

interface RequestLabels {
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  readonly scope: string
  readonly component: 'apiserver'
}

/** Labels of resources that are served and verbs that exist; everything else counts as one. */
function requestLabeller(isServed: MetricsOptions['isServed']): (context: RequestContext) => RequestLabels {
  return ({ info }) => {
    const served = info.isResourceRequest && isServed(info.group, info.version, info.resource)
    return {
      verb: knownVerbs.has(info.verb) ? info.verb.toUpperCase() : 'other',
      group: served ? info.group : '',
      version: served ? info.version : '',
      resource: served ? info.resource : '',
      subresource: served && /^[a-z]{1,32}$/.test(info.subresource) ? info.subresource : '',
      scope: scopeOf(info),
      component: 'apiserver',
    }
  }
}

function scopeOf({ isResourceRequest, name, namespace, verb }: RequestContext['info']): string {
  if (!isResourceRequest) return ''
  if (name !== '' || verb === 'create') return 'resource'
  return namespace === '' ? 'cluster' : 'namespace'
}

function statusOf(answer: Answer): number {
  switch (answer.kind) {
    case 'status':
      return answer.status.code ?? 200
    case 'watch':
      return 200
    case 'takeover':
      return 101
    default:
      return answer.status
  }
}
