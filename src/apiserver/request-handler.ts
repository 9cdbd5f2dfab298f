import { randomInt } from 'node:crypto'
import { Registry } from 'prom-client'
import type { ResourceDefinition } from '../api/resource-definition.ts'
import { resourcePath } from '../api/resource-ref.ts'
import type { ResourceQuota } from '../api/types/core/v1.ts'
import { namespaces, resourceQuotas } from '../api/types/resources.ts'
import type { Transport } from '../client/transport.ts'
import { createClient } from '../client/typed-client.ts'
import { isStatus, type Status, StatusError } from '../machinery/status.ts'
import { type Access, createAccess } from './access.ts'
import { createAdmissionMetrics } from './admission/admission-metrics.ts'
import { admissionPlugins } from './admission/all.ts'
import { admissionChain } from './admission/chain.ts'
import { type Aggregator, createAggregator } from './aggregation/aggregator.ts'
import { type RunningAudit, startAudit } from './audit/create-audit.ts'
import { impersonate } from './authentication/impersonate.ts'
import { createOpenId } from './authentication/open-id.ts'
import { tokenHandler } from './authentication/token-handler.ts'
import { attributesOf, forbiddenRequest } from './authorization/authorize.ts'
import type { Authorizer } from './authorization/authorizer.ts'
import { createComponentStatuses } from './component-statuses.ts'
import { createConversionMetrics } from './crd/conversion-metrics.ts'
import { createCustomResources } from './crd/custom-resources.ts'
import { createDiscovery } from './discovery/discovery.ts'
import { expireEvents } from './event-expiry.ts'
import { createFlowControl, type FlowControl } from './flowcontrol/flow-control.ts'
import { defaultInFlight, type InFlight, maxInFlight } from './flowcontrol/max-in-flight.ts'
import { createHealth } from './health/health.ts'
import { checkStore, createHealthChecks, type ServerState } from './health/server-checks.ts'
import { createLoopbackTransport } from './loopback.ts'
import { createMetrics, type Metrics } from './metrics/metrics.ts'
import { createMetricsApi, type MetricsApi } from './metrics-api/metrics-api.ts'
import { metricsHandler, nonResourceHandler, type PathHandler, rootHandler, versionHandler } from './non-resource.ts'
import type { Held, ObjectReader } from './object-reader.ts'
import { openApiHandler } from './openapi/handler.ts'
import { createOpenApi } from './openapi/openapi.ts'
import { ownIdentity } from './own-identity.ts'
import { compose } from './pipeline.ts'
import { readRequestInfo } from './read-request-info.ts'
import { recover } from './recover.ts'
import { createRegistry } from './registry.ts'
import type { Handler, Step } from './request.ts'
import { requestDeadline } from './request-deadline.ts'
import { requireAcceptable } from './require-acceptable.ts'
import { createRestHandler } from './rest/handler.ts'
import { generateName } from './rest/names.ts'
import type { RestServices } from './rest/resource-request.ts'
import { createServerFields } from './rest/server-fields/all.ts'
import { subresourceHandlers } from './rest/subresources/all.ts'
import { connectHandlers } from './rest/subresources/connect.ts'
import { defaultKubeletPort, type KubeletClientOptions } from './rest/subresources/connect-location.ts'
import type { SubresourceHandler } from './rest/subresources/handler.ts'
import { unstoredResources } from './reviews.ts'
import { rootPaths } from './root-paths.ts'
import type { ApiServerOptions } from './server-options.ts'
import { createBookmarkTicker } from './watch-cache/bookmark-ticker.ts'
import { createObjectReader } from './watch-cache/object-reader.ts'
import { createWebhookClient } from './webhook/webhook-client.ts'

export interface RequestHandlerOptions extends ApiServerOptions {
  readonly definitions: readonly ResourceDefinition[]
  readonly state: ServerState
}

/** A Node's address is surer to be reachable than its name, which no DNS may know. After kubeadm's flags. */
const preferredKubeletAddresses = ['InternalIP', 'ExternalIP', 'Hostname']

/** Upstream's --event-ttl. */
const defaultEventTtlMs = 3_600_000

/** Upstream's --min-request-timeout. */
const defaultMinRequestTimeoutSeconds = 1_800

/** What the steps share. */
interface Parts {
  readonly options: RequestHandlerOptions
  readonly reader: ObjectReader
  readonly access: Access
  readonly services: RestServices
  readonly inFlight: InFlight
  readonly aggregator: Aggregator
  /** Undefined: priority and fairness is off. */
  readonly flow: FlowControl | undefined
  readonly audit: RunningAudit | undefined
  readonly kubelet: KubeletClientOptions
  /** Undefined: there is none here. */
  readonly metricsApi: MetricsApi | undefined
}

export interface RequestHandling {
  readonly handler: Handler
  /** Keeps up what changes by itself, such as which other servers can be reached, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
  /** After the last request: sends and writes what is still held back. */
  close(): Promise<void>
}

/** Everything between the edge and the store, put together. Rejects with a ConfigurationError. */
export async function createRequestHandler(options: RequestHandlerOptions): Promise<RequestHandling> {
  const { store, definitions } = options
  const registry = createRegistry(definitions)
  const reader = createObjectReader({ store, registry })
  const random = (limit: number) => randomInt(limit)
  const webhookClient = createWebhookClient({ reader, clock: options.clock, random })
  const metricsRegistry = new Registry()
  const access = await createAccess(options, { ...options, client: webhookClient, reader, random, metricsRegistry })
  const { authorizer, rbac } = access
  // Plugins write through the whole pipeline, which is complete only when they are.
  const own = createLoopbackTransport({
    handler: (context) => handler(context),
    identity: ownIdentity,
    clock: options.clock,
    userAgent: 'kube-apiserver',
  })
  const admissionMetrics = createAdmissionMetrics(metricsRegistry, options.clock)
  const plugins = admissionPlugins(
    {
      reader,
      registry,
      webhookClient,
      log: options.log,
      authorizer,
      rbac,
      generateName: (base) => generateName(base, random),
      nowMs: options.clock.nowMs,
      metrics: admissionMetrics,
      random,
      sleep: (ms) => options.clock.sleep(ms),
      updateQuotaStatus: (quota, used) => updateQuotaStatus(own, quota, used),
      createNamespace: (name) => createNamespace(own, name),
    },
    {
      enabled: options.enabledAdmissionPlugins ?? [],
      disabled: options.disabledAdmissionPlugins ?? [],
      ...(options.admissionConfiguration && { configuration: options.admissionConfiguration }),
    },
  )
  const services: RestServices = {
    registry,
    store,
    admission: admissionChain(plugins, admissionMetrics),
    clock: options.clock,
    bookmarks: createBookmarkTicker(options.clock),
    minWatchSeconds: options.minRequestTimeoutSeconds ?? defaultMinRequestTimeoutSeconds,
    authorizeCreate: (context) => requireCreate(context, authorizer),
    serverFields: createServerFields({ ...options, registry, reader, random }),
    random,
  }
  const { frontProxyClient } = options.certificates
  const aggregator = createAggregator({
    ...options,
    reader,
    random,
    client: createClient(own),
    ...(frontProxyClient && { clientCertificate: frontProxyClient }),
  })
  const inFlight = { reading: 0, mutating: 0 }
  const limits = options.maxInFlight ?? defaultInFlight
  const client = createClient(own)
  const flowOptions = { ...options, registry, reader, client, inFlight, limits, metrics: metricsRegistry }
  const kubelet = kubeletClientOptions(options)
  const parts: Parts = {
    options,
    reader,
    access,
    services,
    inFlight,
    aggregator,
    flow: options.priorityAndFairness === false ? undefined : createFlowControl(flowOptions),
    audit: options.audit && startAudit(options.audit, { ...options, webhookClient }),
    kubelet,
    metricsApi: options.metricsApi ? createMetricsApi({ ...options, reader, registry, kubelet }) : undefined,
  }
  const metrics = createMetrics({
    registry: metricsRegistry,
    clock: options.clock,
    inFlight: parts.inFlight,
    store,
    isServed: (group, version, resource) => registry.lookup(group, version, resource) !== undefined,
  })
  const customResources = createCustomResources({
    services,
    reader,
    client: createClient(own),
    webhookClient,
    conversionMetrics: createConversionMetrics(metricsRegistry, options.clock),
    builtIn: definitions,
    log: options.log,
  })
  const handler = compose(pipeline(parts, metrics), serve(parts, metrics))
  return {
    handler,
    async run(signal) {
      await Promise.all([
        aggregator.run(signal),
        customResources.run(signal),
        parts.flow?.run(signal),
        parts.metricsApi?.run(signal),
        access.follow(signal),
        expireEvents({ ...options, lifetimeMs: options.eventTtlMs ?? defaultEventTtlMs }, signal),
      ])
    },
    close: async () => parts.audit?.close(),
  }
}

async function updateQuotaStatus(
  transport: Transport,
  quota: Held<ResourceQuota>,
  used: Record<string, string>,
): Promise<void> {
  const { name, namespace } = quota.metadata
  const path = resourcePath(resourceQuotas, { namespace, name, subresource: 'status' })
  const body = { ...quota, status: { ...quota.status, used } }
  const response = await transport.request({ method: 'PUT', path, body })
  if (response.status >= 400) throw new StatusError(response.body as Status)
}

async function createNamespace(transport: Transport, name: string): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
  const response = await transport.request({ method: 'POST', path: resourcePath(namespaces), body })
  if (response.status < 400) return
  const error = new StatusError(response.body as Status)
  if (!isStatus(error, 'AlreadyExists')) throw error
}

/** The way of every request, in order. After apiserver server/config.go DefaultBuildHandlerChain v1.36. */
function pipeline(parts: Parts, metrics: Metrics): Step[] {
  const { options, access, inFlight, aggregator, flow, audit, services } = parts
  const { log, maxInFlight: limits = defaultInFlight } = options
  return [
    metrics.instrument,
    recover(log),
    readRequestInfo,
    requestDeadline,
    ...(audit ? [audit.refused] : []),
    access.authenticate,
    ...(audit ? [audit.step] : []),
    impersonate(access.authorizer),
    flow ? flow.step : maxInFlight(limits, inFlight),
    access.authorize,
    aggregator.step,
    requireAcceptable(services.registry),
  ]
}

async function requireCreate(context: Parameters<typeof attributesOf>[0], authorizer: Authorizer): Promise<void> {
  const attributes = { ...attributesOf(context), verb: 'create' }
  const { allowed, reason } = await authorizer.authorize(attributes)
  if (!allowed) throw forbiddenRequest(attributes, reason)
}

/** Behind all steps: a resource, a question that is asked like one, or a path of its own. */
function serve(parts: Parts, metrics: Metrics): Handler {
  const { services, access, options, metricsApi } = parts
  const { authorizer, credentials } = access
  const { tokens, audiences } = credentials
  const stored = createRestHandler({ ...services, subresourceHandlers: handlersBelow(parts) })
  const unstored = unstoredResources(services, {
    authorizer,
    resolver: authorizer,
    tokens,
    audiences,
    componentStatuses: createComponentStatuses({
      checkStore: () => checkStore(options.store),
      runsHere: options.runsHere ?? (() => false),
      clock: options.clock,
    }),
  })
  const paths = nonResource(parts, metrics)
  return (context) => {
    if (!context.info.isResourceRequest || context.path.startsWith('//')) return paths(context)
    return metricsApi?.handle(context) ?? unstored(context) ?? stored(context)
  }
}

function kubeletClientOptions({ certificates }: RequestHandlerOptions): KubeletClientOptions {
  const { certificate: clientCertificate, key: clientKey } = certificates.kubeletClient
  return {
    tls: { clientCertificate, clientKey, certificateAuthority: certificates.certificateAuthority },
    defaultPort: defaultKubeletPort,
    preferredAddressTypes: preferredKubeletAddresses,
  }
}

/** What lies below an object and is more than data. */
function handlersBelow({ services, reader, access, options, kubelet }: Parts): Record<string, SubresourceHandler> {
  const { authorizer, credentials } = access
  const { signingKey: key, audiences } = credentials
  const { clock } = options
  const { issuer, maxTokenExpirationSeconds, extendTokenExpiration = true } = options.serviceAccounts
  return {
    ...subresourceHandlers(services),
    ...connectHandlers({ reader, authorizer, admission: services.admission, kubelet }),
    'serviceaccounts/token': tokenHandler(services, {
      reader,
      clock,
      key,
      issuer,
      audiences,
      maxExpirationSeconds: maxTokenExpirationSeconds,
      extendExpiration: extendTokenExpiration,
    }),
  }
}

function nonResource({ flow, services, access, options, aggregator }: Parts, metrics: Metrics): Handler {
  const { registry } = services
  const { advertiseAddress, state, log, store, serviceAccounts } = options
  const { issuer, keySetUrl } = serviceAccounts
  const checks = createHealthChecks(store, state)
  const address = () => `${advertiseAddress}:${state.port}`
  const openApi = openApiHandler(createOpenApi({ registry, remote: aggregator.documents }))
  const handlers: PathHandler[] = [
    createDiscovery(registry, address, aggregator.versions),
    createHealth(checks, log),
    (context) => (/^\/openapi\/v[23](\/|$)/.test(context.path) ? openApi(context) : undefined),
    versionHandler,
    metricsHandler(metrics),
    ...(flow ? [flow.debug] : []),
    createOpenId({ issuer, keySetUrl, keys: access.credentials.keys, externalUrl: () => `https://${address()}` }),
    rootHandler(() => rootPaths(registry, checks)),
  ]
  return nonResourceHandler(handlers, (path) => {
    const [, root, group] = path.split('/')
    return root === 'api' || (root === 'apis' && registry.all().some((definition) => definition.group === group))
  })
}
