import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import { pipeline } from 'node:stream/promises'
import type { PodLogOptions } from '../../../api/types/core/v1.ts'
import { badRequest, internalError } from '../../../machinery/errors.ts'
import { StatusError, type StatusReason } from '../../../machinery/status.ts'
import { tlsOptions, type UpgradeTarget } from '../../../platform/http-upgrade.ts'
import { sendByteStream } from '../../../platform/websocket/byte-stream.ts'
import type { Answer } from '../../request.ts'
import { plainResponse, upgradeAnswer, wantsUpgrade } from './connect-answer.ts'
import type { ConnectOptions } from './connect-dependencies.ts'
import { chooseContainer, kubeletEndpoint, kubeletTarget, requirePod } from './connect-location.ts'
import { logOptions } from './connect-options.ts'
import type { SubresourceHandler } from './handler.ts'

/** `pods/log`. After registry/core/pod/rest LogREST and registry/generic/rest LocationStreamer. */
export function logHandler({ reader, kubelet }: ConnectOptions): SubresourceHandler {
  return async (context, { namespace, name }) => {
    const options = logOptions(context.query, name)
    const pod = requirePod(reader, namespace, name)
    const container = chooseContainer(pod, options.container ?? '')
    // No Node has it yet, so there is nothing to show and nothing wrong.
    if (!pod.spec?.nodeName) return { kind: 'bytes', status: 204, headers: {}, body: '' }
    const endpoint = kubeletEndpoint(reader, kubelet, { nodeName: pod.spec.nodeName, asResource: 'pods' })
    const tls = options.insecureSkipTLSVerifyBackend ? { ...endpoint.tls, insecureSkipVerify: true } : endpoint.tls
    const target = kubeletTarget({ ...endpoint, tls }, ['containerLogs', namespace, name, container], logQuery(options))
    const log = await getLog(target, context.signal)
    if (log.statusCode !== 200) throw await errorOf(log, name)
    return wantsUpgrade(context) ? upgradeAnswer((client) => sendByteStream(client, log)) : streamed(log)
  }
}

function logQuery(options: PodLogOptions): URLSearchParams {
  const query = new URLSearchParams()
  for (const name of ['follow', 'previous', 'timestamps'] as const) if (options[name]) query.set(name, 'true')
  for (const name of ['sinceSeconds', 'sinceTime', 'tailLines', 'limitBytes'] as const) {
    if (options[name] !== undefined) query.set(name, String(options[name]))
  }
  return query
}

/** A kubelet that cannot be reached is no error of the API: upstream answers 500 without a reason. */
function getLog({ url, tls }: UpgradeTarget, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = https.request(url, { agent: false, signal, ...tlsOptions(tls) }, resolve)
    request.on('error', (error) =>
      reject(new StatusError({ code: 500, message: `Get "${url}": ${error.message}` }, { cause: error })),
    )
    request.end()
  })
}

function streamed(log: IncomingMessage): Answer {
  return {
    kind: 'takeover',
    async run(connection) {
      const response = plainResponse(connection)
      response.writeHead(200, { 'Content-Type': 'text/plain' })
      response.flushHeaders()
      // Either side may hang up at any time: that is how following a log ends.
      await pipeline(log, response).catch(() => log.destroy())
    },
  }
}

/** How much of an error page is read. After registry/generic/rest response_checker.go. */
const maxErrorBytes = 50_000

/** What the kubelet said, as a Status. After GenericHttpResponseChecker. */
async function errorOf(response: IncomingMessage, podName: string): Promise<StatusError> {
  let text = ''
  for await (const part of response) {
    text += part
    if (text.length > maxErrorBytes) break
  }
  const code = response.statusCode ?? 500
  if (code === 500) return internalError(new Error(text))
  if (code === 400) return badRequest(text)
  const { reason, message } = genericResponses[code] ?? {
    reason: '' as const,
    message: `the server responded with the status code ${code} but did not return more information`,
  }
  const details = { name: podName, kind: 'pods/log' }
  return new StatusError({ code, reason, message: `${message ?? text} ( pods/log ${podName})`, details })
}

/** After apimachinery errors.NewGenericServerResponse; no message: the kubelet's own. */
const genericResponses: Readonly<Record<number, { readonly reason: StatusReason; readonly message?: string }>> = {
  401: { reason: 'Unauthorized', message: 'the server has asked for the client to provide credentials' },
  403: { reason: 'Forbidden' },
  404: { reason: 'NotFound', message: 'the server could not find the requested resource' },
  405: { reason: 'MethodNotAllowed', message: 'the server does not allow this method on the requested resource' },
}
