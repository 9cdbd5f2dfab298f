import type { Client } from '../../client/client.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { RequestHeaderOptions } from '../authentication/request-header.ts'
import type { RemoteVersions } from '../discovery/remote-versions.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { RemoteDocuments } from '../openapi/remote-documents.ts'
import type { Step } from '../request.ts'
import { resolveService } from '../webhook/resolve-service.ts'
import { runAutoRegistration } from './auto-registration.ts'
import { runAvailableController } from './available-controller.ts'
import { identityHeaders } from './front-proxy-headers.ts'
import { aggregate } from './proxy.ts'
import { RemoteApis } from './remote-apis.ts'
import { RemoteCatalog } from './remote-catalog.ts'

export interface AggregatorOptions {
  readonly reader: ObjectReader
  /** As this server itself, named `kube-apiserver` in managed fields. */
  readonly client: Client
  /** How this server shows to others that it may speak for its users. PEM. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string }
  /** Whose headers are believed; aggregated servers believe the same. */
  readonly requestHeader?: RequestHeaderOptions
  readonly clock: Clock
  readonly log: Logger
  /** A whole number below `limit`: which endpoint of a Service is asked. */
  readonly random: (limit: number) => number
}

/** Group-versions that other servers serve behind this one. After kube-aggregator v1.36. */
export interface Aggregator {
  /** Hands requests on; stands after authorization. */
  readonly step: Step
  readonly versions: RemoteVersions
  readonly documents: RemoteDocuments
  /** Keeps conditions, registrations and documents up to date until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
}

export function createAggregator(options: AggregatorOptions): Aggregator {
  const { reader, clock, log, random, clientCertificate, requestHeader } = options
  const apis = new RemoteApis(reader, {
    resolve: (service) => resolveService(reader, service, random),
    clock,
    ...(clientCertificate && { clientCertificate }),
  })
  const catalog = new RemoteCatalog({ reader, apis, clock, log })
  return {
    step: aggregate(apis, identityHeaders(requestHeader)),
    versions: catalog.versions,
    documents: catalog.documents,
    async run(signal) {
      try {
        await Promise.all([
          runAvailableController({ ...options, apis }, signal),
          runAutoRegistration(options, signal),
          catalog.run(signal),
        ])
      } finally {
        apis.close()
      }
    },
  }
}
