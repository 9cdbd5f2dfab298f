import type { ResourceDefinition } from '../api/resource-definition.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import type { Store } from '../store/store.ts'
import type { AdmissionConfiguration } from './admission/all.ts'
import type { AuditSettings } from './audit/create-audit.ts'
import type { AuthenticationOptions, ServiceAccountOptions } from './authentication/credentials.ts'
import type { RequestHeaderOptions } from './authentication/request-header.ts'
import type { AuthorizationOptions } from './authorization/create-authorizer.ts'
import type { ControlPlaneComponent } from './component-statuses.ts'
import type { InFlightLimits } from './flowcontrol/max-in-flight.ts'

/** A certificate and its key. PEM. */
export interface CertificatePair {
  readonly certificate: string
  readonly key: string
}

export interface ApiServerOptions {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly certificates: {
    /** Signs clients' certificates; Pods get it to trust this server. PEM. */
    readonly certificateAuthority: string
    readonly server: CertificatePair
    /** How this server shows itself to kubelets. */
    readonly kubeletClient: CertificatePair
    /** How this server shows itself to aggregated ones; signed by an authority of `requestHeader`. */
    readonly frontProxyClient?: CertificatePair
  }
  /** Sign certificates of clients, beside the cluster's own. PEM. */
  readonly clientCertificateAuthorities?: string
  readonly serviceAccounts: ServiceAccountOptions
  readonly authentication: AuthenticationOptions
  /** Proxies that may speak for others; this server is one itself, in front of aggregated ones. */
  readonly requestHeader?: RequestHeaderOptions
  /** Node and RBAC if not given. */
  readonly authorization?: AuthorizationOptions
  /** Such as `10.96.0.0/12`. */
  readonly serviceCidr: string
  readonly bindAddress: string
  /** 0: any that is free. */
  readonly port: number
  readonly advertiseAddress: string
  /** After --enable-admission-plugins and --disable-admission-plugins. */
  readonly enabledAdmissionPlugins?: readonly string[]
  readonly disabledAdmissionPlugins?: readonly string[]
  readonly admissionConfiguration?: AdmissionConfiguration
  /** Without priority and fairness: requests past these are refused. With it: all seats there are, together. */
  readonly maxInFlight?: InFlightLimits
  /** For every request but long-running ones. Upstream's --request-timeout: a minute. */
  readonly requestTimeoutMs?: number
  /** Watches that name no end get this long, to twice as long. Upstream's --min-request-timeout: half an hour. */
  readonly minRequestTimeoutSeconds?: number
  /** Who did what, noted as a policy says. */
  readonly audit?: AuditSettings
  /** Upstream's --enable-priority-and-fairness. Default true. */
  readonly priorityAndFairness?: boolean
  /** Serves `metrics.k8s.io` from what kubelets tell, unless an APIService has another server do it. Default false. */
  readonly metricsApi?: boolean
  /** How long Events are kept after they were last written. Upstream's --event-ttl: an hour. */
  readonly eventTtlMs?: number
  /** Whether a part of the control plane runs in this process, for component statuses. */
  readonly runsHere?: (component: ControlPlaneComponent) => boolean
  /** Default: every kind that upstream serves by default. */
  readonly definitions?: readonly ResourceDefinition[]
}
