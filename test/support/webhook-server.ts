import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type {
  MutatingWebhook,
  RuleWithOperations,
  ValidatingWebhook,
} from '../../src/api/types/admissionregistration/v1.ts'
import type { ConfigMap } from '../../src/api/types/core/v1.ts'
import { CertificateAuthority } from '../../src/cluster/certificates.ts'
import { systemClock } from '../../src/platform/clock.ts'

export interface Review {
  readonly apiVersion: string
  readonly request: Readonly<Record<string, unknown>> & { readonly uid: string; readonly object: ConfigMap }
}

/** The members of an AdmissionReview, and an HTTP status. */
type Responded = Readonly<Record<string, unknown>>

/** What a webhook answers, at once or later. Nothing: it never answers. */
export type Respond = (review: Review) => Responded | undefined | Promise<Responded>

export interface WebhookServer {
  readonly port: number
  readonly authority: CertificateAuthority
  /** By path. */
  readonly responders: Map<string, Respond>
  /** Everything that was asked, in order. */
  readonly reviews: Review[]
  /** A webhook at `path`, of ConfigMaps in the namespace `shop` unless given. */
  webhook(path: string, given?: Partial<MutatingWebhook>): MutatingWebhook & ValidatingWebhook
  stop(): void
}

const onConfigMaps: RuleWithOperations = {
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  apiGroups: [''],
  apiVersions: ['v1'],
  resources: ['configmaps'],
}

/** Admission webhooks over HTTPS on 127.0.0.1, also by the name of the Service `hook` in `shop`. */
export async function startWebhookServer(): Promise<WebhookServer> {
  const authority = await CertificateAuthority.create('webhooks', systemClock)
  const names = ['127.0.0.1', 'hook.shop.svc']
  const { certificate: cert, key } = await authority.issue({ commonName: 'webhook', names, usage: 'server' })
  const responders = new Map<string, Respond>()
  const reviews: Review[] = []
  const server = createServer({ cert, key }, async (request, response) => {
    const review = (await json(request)) as Review
    reviews.push(review)
    const answer = await responders.get(new URL(request.url!, 'https://x').pathname)?.(review)
    if (answer === undefined) return
    const { status = 200, ...body } = answer
    response.writeHead(status as number, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ apiVersion: review.apiVersion, kind: 'AdmissionReview', ...body }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const caBundle = Buffer.from(authority.pair.certificate).toString('base64')
  return {
    port,
    authority,
    responders,
    reviews,
    webhook: (path, given = {}) => ({
      name: `${path.slice(1)}.example.com`,
      clientConfig: { url: `https://127.0.0.1:${port}${path}`, caBundle },
      rules: [onConfigMaps],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
      ...given,
    }),
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}

export const allow: Respond = ({ request: { uid } }) => ({ response: { uid, allowed: true } })

export const deny: Respond = ({ request: { uid } }) => ({
  response: { uid, allowed: false, status: { message: 'no' } },
})

export function patch(...operations: object[]): Respond {
  const text = Buffer.from(JSON.stringify(operations)).toString('base64')
  return ({ request: { uid } }) => ({ response: { uid, allowed: true, patchType: 'JSONPatch', patch: text } })
}
