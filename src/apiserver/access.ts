import { hostname } from 'node:os'
import type { Registry } from 'prom-client'
import { clusterRoles } from '../api/types/resources.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import { authenticate } from './authentication/authenticate.ts'
import { createAuthenticationMetrics } from './authentication/authentication-metrics.ts'
import { type Credentials, createCredentials } from './authentication/credentials.ts'
import { createAuthorizationMetrics } from './authorization/authorization-metrics.ts'
import { authorize } from './authorization/authorize.ts'
import { type AuthorizationChain, createAuthorizationChain } from './authorization/create-authorizer.ts'
import { nodeAuthorizer } from './authorization/node.ts'
import { type RbacAuthorizer, rbacAuthorizer } from './authorization/rbac.ts'
import { identityOf } from './bootstrap/server-objects.ts'
import { reloadMetrics } from './configuration/reload-metrics.ts'
import type { ReviewWebhookDependencies } from './configuration/review-webhook.ts'
import type { ObjectReader } from './object-reader.ts'
import type { Step } from './request.ts'
import type { ApiServerOptions } from './server-options.ts'

export interface AccessDependencies extends ReviewWebhookDependencies {
  readonly reader: ObjectReader
  readonly clock: Clock
  readonly log: Logger
  readonly metricsRegistry: Registry
}

/** Who gets in, and who may do what. */
export interface Access {
  readonly credentials: Credentials
  readonly authorizer: AuthorizationChain
  readonly rbac: RbacAuthorizer
  readonly authenticate: Step
  readonly authorize: Step
  /** Takes changes of configuration files up until `signal` aborts. */
  follow(signal: AbortSignal): Promise<void>
}

type AccessOptions = Pick<ApiServerOptions, 'authentication' | 'authorization' | 'serviceAccounts' | 'requestHeader'>

/** Rejects with a ConfigurationError. */
export async function createAccess(options: AccessOptions, dependencies: AccessDependencies): Promise<Access> {
  const { reader, clock, log, metricsRegistry: registry } = dependencies
  const observerOf = (subject: 'authentication' | 'authorization') =>
    reloadMetrics({ registry, clock, subject, identity: identityOf(hostname()) })
  const credentials = await createCredentials(
    { requestHeader: undefined, ...options },
    { ...dependencies, observer: observerOf('authentication') },
  )
  const rbac = rbacAuthorizer(reader)
  const metrics = createAuthorizationMetrics(registry)
  const authorizer = await createAuthorizationChain(options.authorization, {
    ...dependencies,
    node: nodeAuthorizer(reader, () => reader.get(clusterRoles, 'system:node')?.rules ?? []),
    rbac,
    metrics,
    observer: observerOf('authorization'),
  })
  return {
    credentials,
    authorizer,
    rbac,
    authenticate: authenticate({ ...credentials, log, clock, metrics: createAuthenticationMetrics(registry) }),
    authorize: authorize(authorizer, metrics, clock),
    async follow(signal) {
      await Promise.all([credentials.follow(signal), authorizer.follow(signal)])
    },
  }
}
