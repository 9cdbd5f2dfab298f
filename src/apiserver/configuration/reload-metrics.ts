import { createHash } from 'node:crypto'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Clock } from '../../platform/clock.ts'
import type { FileObserver } from './followed-file.ts'

export interface ReloadMetricsOptions {
  readonly registry: Registry
  readonly clock: Clock
  /** What the file configures. */
  readonly subject: 'authentication' | 'authorization'
  /** Which of several servers this is. */
  readonly identity: string
}

/**
 * Whether changes of a configuration file counted, and which content does, under upstream's names. They are there once
 * a file is. After apiserver server/options/{authentication,authorization}config/metrics v1.36.
 */
export function reloadMetrics({ registry, clock, subject, identity }: ReloadMetricsOptions): FileObserver {
  const prefix = `apiserver_${subject}_config_controller`
  const apiserver_id_hash = digest(identity)
  const labelNames = ['status', 'apiserver_id_hash']
  const total = new Counter({
    name: `${prefix}_automatic_reloads_total`,
    help: 'Changes of the configuration file, by whether they count.',
    labelNames,
    registers: [],
  })
  const last = new Gauge({
    name: `${prefix}_automatic_reload_last_timestamp_seconds`,
    help: 'When the configuration file changed last, by whether the change counts.',
    labelNames,
    registers: [],
  })
  const content = new Gauge({
    name: `${prefix}_last_config_info`,
    help: 'The digest of the configuration that counts.',
    labelNames: ['apiserver_id_hash', 'hash'],
    registers: [],
  })
  const note = (status: 'success' | 'failure') => {
    total.inc({ status, apiserver_id_hash })
    last.set({ status, apiserver_id_hash }, clock.nowMs() / 1000)
  }
  const counts = (text: string) => {
    content.reset()
    content.set({ apiserver_id_hash, hash: digest(text) }, 1)
  }
  return {
    opened(text) {
      for (const metric of [total, last, content]) registry.registerMetric(metric)
      counts(text)
    },
    reloaded(text) {
      note('success')
      counts(text)
    },
    failed: () => note('failure'),
  }
}

function digest(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}
