import { passUpgrade } from '../../platform/http-upgrade.ts'
import { servePortForward } from '../../platform/port-forward/serve.ts'
import { optionsOfQuery, type RemoteCommandOptions } from '../../platform/remote-command/streams.ts'
import { needsTranslation, translateRemoteCommand } from '../../platform/remote-command/translate.ts'
import { runningContainerId } from './container-id.ts'
import { namespaceDialer } from './network-namespace.ts'
import { requirePod } from './pods.ts'
import { KubeletHttpError, type KubeletRequest, type RequestHandler, type UpgradeHandler } from './request.ts'

/** `/exec/{namespace}/{pod}/{container}`. After kubelet/server getExec. */
export const serveExec: UpgradeHandler = async (request, client) => {
  const streams = requestedStreams(request)
  const containerId = requestedContainer(request)
  const url = await request.host.execUrl({ containerId, streams, command: request.query.getAll('command') })
  await passToRuntime(client, url, streams)
}

/** `/attach/{namespace}/{pod}/{container}`. After kubelet/server getAttach. */
export const serveAttach: UpgradeHandler = async (request, client) => {
  const streams = requestedStreams(request)
  const url = await request.host.attachUrl({ containerId: requestedContainer(request), streams })
  await passToRuntime(client, url, streams)
}

/** `/portForward/{namespace}/{pod}`. Served here, not by the runtime, which would want socat. */
export const servePortForwards: UpgradeHandler = async (request, client) => {
  const pod = requirePod(request.host, request.parameters)
  const dialer = namespaceDialer(await request.host.networkNamespace(pod))
  const { name, namespace, uid } = pod.metadata ?? {}
  try {
    await servePortForward(client, {
      dial: (port) => dialer.dial(port),
      clock: request.clock,
      target: `to pod ${name}_${namespace}, uid ${uid}`,
    })
  } finally {
    dialer.close()
  }
}

/** `/run/{namespace}/{pod}/{container}?cmd=…`: no streams, the output in one answer. After kubelet/server getRun. */
export const serveRun: RequestHandler = async (request, response) => {
  const command = (request.query.get('cmd') ?? '').split(' ')
  response.end(await request.host.runInContainer(requestedContainer(request), command))
}

/** What upgrade paths answer to a request that is none. */
export const requireUpgrade: RequestHandler = async () => {
  throw new KubeletHttpError(400, 'Upgrade request required')
}

function requestedStreams({ query }: KubeletRequest): RemoteCommandOptions {
  const streams = optionsOfQuery(query)
  if ('refused' in streams) throw new KubeletHttpError(400, streams.refused)
  return streams
}

function requestedContainer({ host, parameters }: KubeletRequest): string {
  const container = runningContainerId(requirePod(host, parameters), parameters.container!)
  if (!container.found) throw new KubeletHttpError(500, container.why)
  return container.id
}

/** The runtime speaks SPDY and the WebSocket protocols up to version 4; version 5 is translated. */
async function passToRuntime(
  client: Parameters<UpgradeHandler>[1],
  url: string,
  streams: RemoteCommandOptions,
): Promise<void> {
  const target = { url: new URL(url) }
  if (needsTranslation(client.request)) await translateRemoteCommand(client, target, streams)
  else await passUpgrade(client, target)
}
