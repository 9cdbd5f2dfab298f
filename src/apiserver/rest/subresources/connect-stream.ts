import { badRequest, forbidden } from '../../../machinery/errors.ts'
import type { KubeObject } from '../../../machinery/object.ts'
import { passUpgrade, type ServerUpgrade, type UpgradeTarget } from '../../../platform/http-upgrade.ts'
import { isTunnelRequest } from '../../../platform/port-forward/serve.ts'
import { tunnelPortForward } from '../../../platform/port-forward/tunnel.ts'
import { queryOfOptions } from '../../../platform/remote-command/streams.ts'
import { needsTranslation, translateRemoteCommand } from '../../../platform/remote-command/translate.ts'
import { attributesOf } from '../../authorization/authorize.ts'
import type { RequestContext } from '../../request.ts'
import { admitConnect } from './connect-admission.ts'
import { forwardableHeaders, upgradeAnswer, wantsUpgrade } from './connect-answer.ts'
import type { ConnectOptions } from './connect-dependencies.ts'
import {
  chooseContainer,
  type KubeletEndpoint,
  kubeletEndpoint,
  kubeletTarget,
  requireNodeName,
  requirePod,
} from './connect-location.ts'
import { attachOptions, type CommandOptions, execOptions, portForwardOptions, streamsOf } from './connect-options.ts'
import type { SubresourceHandler, SubresourceTarget } from './handler.ts'

/** `pods/exec`. After registry/core/pod/rest ExecREST. */
export function execHandler(options: ConnectOptions): SubresourceHandler {
  return commandHandler(options, (query) => {
    const exec = execOptions(query)
    return { kind: 'exec', options: exec, command: exec.command }
  })
}

/** `pods/attach`. After registry/core/pod/rest AttachREST. */
export function attachHandler(options: ConnectOptions): SubresourceHandler {
  return commandHandler(options, (query) => ({ kind: 'attach', options: attachOptions(query), command: [] }))
}

interface Command {
  readonly kind: 'exec' | 'attach'
  readonly options: CommandOptions & KubeObject
  readonly command: readonly string[]
}

function commandHandler(connect: ConnectOptions, read: (query: URLSearchParams) => Command): SubresourceHandler {
  return async (context, target) => {
    const { kind, options, command } = read(context.query)
    await admit(connect, context, target, options)
    const pod = requirePod(connect.reader, target.namespace, target.name)
    const container = chooseContainer(pod, options.container ?? '')
    const endpoint = endpointOf(connect, requireNodeName(pod))
    requireUpgrade(context)
    const streams = streamsOf(options)
    const query = queryOfOptions(streams)
    for (const word of command) query.append('command', word)
    const destination = kubeletTarget(endpoint, [kind, target.namespace, target.name, container], query)
    return upgradeAnswer((client) => {
      const translate = !endpoint.speaksWebSocket && needsTranslation(client.request)
      return translate ? translateRemoteCommand(client, destination, streams) : pass(client, destination)
    })
  }
}

/** `pods/portforward`. After registry/core/pod/rest PortForwardREST. */
export function portForwardHandler(connect: ConnectOptions): SubresourceHandler {
  return async (context, target) => {
    const options = portForwardOptions(context.query)
    await admit(connect, context, target, options)
    const pod = requirePod(connect.reader, target.namespace, target.name)
    const endpoint = endpointOf(connect, requireNodeName(pod))
    requireUpgrade(context)
    const query = new URLSearchParams(options.ports ? { port: options.ports.join(',') } : {})
    const destination = kubeletTarget(endpoint, ['portForward', target.namespace, target.name], query)
    return upgradeAnswer((client) => {
      const tunnel = !endpoint.speaksWebSocket && isTunnelRequest(client)
      return tunnel ? tunnelPortForward(client, destination) : pass(client, destination)
    })
  }
}

function pass(client: ServerUpgrade, destination: UpgradeTarget): Promise<void> {
  return passUpgrade(client, { ...destination, headers: forwardableHeaders(client.request.rawHeaders) })
}

async function admit(
  { admission, authorizer }: ConnectOptions,
  context: RequestContext,
  target: SubresourceTarget,
  options: KubeObject,
): Promise<void> {
  await admitConnect(admission, context, target, options)
  await requireCreate(authorizer, context, target)
}

/**
 * A WebSocket begins with GET, so the verb was `get`; running commands takes `create` all the same.
 * After registry/core/pod/rest ensureAuthorizedForVerb v1.36.
 */
async function requireCreate(
  authorizer: ConnectOptions['authorizer'],
  context: RequestContext,
  { name }: SubresourceTarget,
): Promise<void> {
  if (context.info.verb === 'create') return
  const decision = await authorizer.authorize({ ...attributesOf(context), verb: 'create' })
  const { group, resource } = context.info
  if (!decision.allowed) throw forbidden({ group, resource }, name, decision.reason)
}

function endpointOf({ reader, kubelet }: ConnectOptions, nodeName: string): KubeletEndpoint {
  return kubeletEndpoint(reader, kubelet, { nodeName, asResource: 'pods' })
}

function requireUpgrade(context: RequestContext): void {
  if (!wantsUpgrade(context)) throw badRequest('Upgrade request required')
}
