import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { CertificateAuthority } from '../../src/cluster/certificates.ts'
import type { KubeObject } from '../../src/machinery/object.ts'
import { systemClock } from '../../src/platform/clock.ts'

/** A server of one group-version beside the cluster's, which keeps flunders in memory: upstream's sample, in small. */
export interface FlunderServer {
  readonly port: number
  /** PEM, base64. */
  readonly caBundle: string
  stop(): Promise<void>
}

export const flunders = {
  group: 'wardle.example.com',
  version: 'v1alpha1',
  plural: 'flunders',
  kind: 'Flunder',
  namespaced: true,
}

const root = `/apis/${flunders.group}/${flunders.version}`
const collection = `${root}/namespaces/default/flunders`
const groupVersion = `${flunders.group}/${flunders.version}`

/** `clientAuthority`: who signs the front proxy's certificate, PEM. Nobody else is let in. */
export async function startFlunderServer(serverName: string, clientAuthority: string): Promise<FlunderServer> {
  const authority = await CertificateAuthority.create('flunder-ca', systemClock)
  const { certificate: cert, key } = await authority.issue({ commonName: 'f', names: [serverName], usage: 'server' })
  const kept = new Map<string, KubeObject>()
  const tls = { cert, key, ca: clientAuthority, requestCert: true, rejectUnauthorized: true }
  const server = createServer(tls, async (request, response) => {
    const path = request.url!.split('?', 1)[0]!
    const body = request.method === 'POST' ? ((await json(request)) as KubeObject) : undefined
    const [status, answer] = answerTo(kept, request.method!, path, body)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer))
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    caBundle: Buffer.from(authority.pair.certificate).toString('base64'),
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

type Kept = Map<string, KubeObject>

function answerTo(kept: Kept, method: string, path: string, body: KubeObject | undefined): [number, object] {
  if (path === root) return [200, resourceList()]
  if (path === collection && body !== undefined) {
    const object = { ...body, apiVersion: groupVersion, kind: flunders.kind }
    kept.set(body.metadata!.name!, object)
    return [201, object]
  }
  if (path === collection) {
    const items = [...kept.values()]
    return [200, { apiVersion: groupVersion, kind: 'FlunderList', metadata: { resourceVersion: '1' }, items }]
  }
  const name = path.slice(collection.length + 1)
  const object = kept.get(name)
  if (!path.startsWith(`${collection}/`) || object === undefined) return [404, { kind: 'Status', code: 404 }]
  if (method === 'DELETE') kept.delete(name)
  return [200, object]
}

function resourceList(): object {
  const { plural: name, kind, namespaced } = flunders
  const resource = { name, singularName: 'flunder', namespaced, kind, verbs: ['create', 'delete', 'get', 'list'] }
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: [resource] }
}
