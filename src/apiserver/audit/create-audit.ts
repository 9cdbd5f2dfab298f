import { parse } from 'yaml'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { ConfigurationError } from '../configuration/configuration-file.ts'
import type { WebhookClient, WebhookTarget } from '../webhook/webhook-client.ts'
import { type Audit, createAudit } from './audit.ts'
import type { AuditBackend, AuditEvent } from './audit-event.ts'
import { type AuditLogOptions, createAuditLog } from './log-backend.ts'
import { readAuditPolicy } from './policy.ts'
import { createAuditWebhook } from './webhook-backend.ts'

/** What is audited, and where to. */
export interface AuditSettings {
  /** The text of a Policy of audit.k8s.io/v1. */
  readonly policy: string
  readonly log?: AuditLogOptions
  /** The text of a kubeconfig that says where the other server is. Its credentials stand in the file itself. */
  readonly webhook?: { readonly kubeconfig: string }
}

export interface AuditDependencies {
  readonly clock: Clock
  readonly log: Logger
  readonly webhookClient: WebhookClient
}

export interface RunningAudit extends Audit {
  close(): Promise<void>
}

/** Audit as the settings have it; undefined where they name no backend. Throws for settings that cannot be used. */
export function startAudit(settings: AuditSettings, dependencies: AuditDependencies): RunningAudit | undefined {
  const { clock, log, webhookClient: client } = dependencies
  const policy = readAuditPolicy(settings.policy)
  const backends: AuditBackend[] = []
  if (settings.log) backends.push(openLog(settings.log, clock, log))
  if (settings.webhook) {
    const target = targetOf(settings.webhook.kubeconfig)
    backends.push(createAuditWebhook({ target, client, clock, log }))
  }
  if (backends.length === 0) return undefined
  const backend: AuditBackend = {
    write: (event: AuditEvent) => {
      for (const each of backends) each.write(event)
    },
    close: async () => {
      await Promise.all(backends.map((each) => each.close()))
    },
  }
  return { ...createAudit({ policy, backend, clock }), close: () => backend.close() }
}

function openLog(options: AuditLogOptions, clock: Clock, log: Logger): AuditBackend {
  try {
    return createAuditLog(options, clock, log)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ConfigurationError(`cannot write the audit log ${options.path}: ${why}`, { cause: error })
  }
}

interface Kubeconfig {
  readonly clusters?: readonly { readonly cluster?: Readonly<Record<string, string>> }[]
  readonly users?: readonly { readonly user?: Readonly<Record<string, string>> }[]
}

function targetOf(text: string): WebhookTarget {
  const { clusters, users } = (parse(text) ?? {}) as Kubeconfig
  const cluster = clusters?.[0]?.cluster ?? {}
  const user = users?.[0]?.user ?? {}
  if (!cluster.server) throw new ConfigurationError('the kubeconfig of the audit webhook names no server')
  const decoded = (data: string | undefined) => (data ? Buffer.from(data, 'base64').toString() : undefined)
  const certificateAuthority = decoded(cluster['certificate-authority-data'])
  const clientCertificate = decoded(user['client-certificate-data'])
  const clientKey = decoded(user['client-key-data'])
  return {
    url: cluster.server,
    ...(certificateAuthority && { certificateAuthority }),
    ...(clientCertificate && { clientCertificate }),
    ...(clientKey && { clientKey }),
    ...(user.token && { token: user.token }),
    ...(cluster['tls-server-name'] && { serverName: cluster['tls-server-name'] }),
    ...(String(cluster['insecure-skip-tls-verify']) === 'true' && { insecureSkipTlsVerify: true }),
  }
}
