import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { CertificateAuthority } from '../../src/cluster/certificates.ts'
import type { KubeObject } from '../../src/machinery/object.ts'
import { systemClock } from '../../src/platform/clock.ts'

interface ConversionReview {
  readonly apiVersion: string
  readonly request: {
    readonly uid: string
    readonly desiredAPIVersion: string
    readonly objects: readonly KubeObject[]
  }
}

/** A webhook that converts as upstream's sample does: `hostPort` of v1 is `host` and `port` of v2. */
export interface ConversionWebhook {
  readonly port: number
  /** PEM, base64. */
  readonly caBundle: string
  /** How many objects each call was about. */
  readonly calls: number[]
  /** Set: answered instead of a conversion. */
  failure: string | undefined
  /** Conversions wait for this. */
  held: Promise<void> | undefined
  stop(): Promise<void>
}

/** On localhost, also as `serverNames`. */
export async function startConversionWebhook(serverNames: readonly string[]): Promise<ConversionWebhook> {
  const authority = await CertificateAuthority.create('conversion-ca', systemClock)
  const { certificate: cert, key } = await authority.issue({
    commonName: 'conversion',
    names: ['localhost', ...serverNames],
    usage: 'server',
  })
  const server = createServer({ cert, key }, async (request, response) => {
    const review = (await json(request)) as ConversionReview
    webhook.calls.push(review.request.objects.length)
    await webhook.held
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answerTo(review, webhook.failure)))
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const webhook: ConversionWebhook = {
    port: (server.address() as AddressInfo).port,
    caBundle: Buffer.from(authority.pair.certificate).toString('base64'),
    calls: [],
    failure: undefined,
    held: undefined,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return webhook
}

function answerTo({ apiVersion, request }: ConversionReview, failure: string | undefined): object {
  const { uid, desiredAPIVersion, objects } = request
  const response =
    failure === undefined
      ? {
          uid,
          convertedObjects: objects.map((object) => convert(object, desiredAPIVersion)),
          result: { status: 'Success' },
        }
      : { uid, result: { status: 'Failure', message: failure } }
  return { kind: 'ConversionReview', apiVersion, response }
}

function convert(object: KubeObject, apiVersion: string): object {
  const { hostPort, host, port, ...rest } = object as KubeObject & Record<string, string | undefined>
  const labels = { ...rest.metadata?.labels, servedAs: apiVersion.split('/')[1]! }
  const converted = { ...rest, apiVersion, metadata: { ...rest.metadata, labels } }
  if (apiVersion.endsWith('v2')) {
    const [name, number] = hostPort?.split(':') ?? []
    return { ...converted, ...(name !== undefined && { host: name, port: number }) }
  }
  return { ...converted, ...(host !== undefined && { hostPort: `${host}:${port}` }) }
}
