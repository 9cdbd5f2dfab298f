import type { Pod } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { KubeletServerHost } from './host.ts'
import { KubeletHttpError, type RequestHandler } from './request.ts'

/** The Pod of this name, or undefined. With `uid`, only if it is that very Pod. */
export function findPod(
  host: KubeletServerHost,
  { namespace, pod: name, uid }: Readonly<Record<string, string>>,
): DeepReadonly<Pod> | undefined {
  const pod = host.pods().find(({ metadata }) => metadata?.namespace === namespace && metadata?.name === name)
  return uid && pod?.metadata?.uid !== uid ? undefined : pod
}

/** For streams: 404 with upstream's words. */
export function requirePod(host: KubeletServerHost, parameters: Readonly<Record<string, string>>): DeepReadonly<Pod> {
  const pod = findPod(host, parameters)
  if (!pod) throw new KubeletHttpError(404, 'pod does not exist')
  return pod
}

/** `/pods`: what this node should run. */
export const servePods: RequestHandler = async ({ host }, response) => {
  response.setHeader('Content-Type', 'application/json')
  response.end(JSON.stringify(podList(host.pods())))
}

/** `/runningpods/`: what the runtime has. */
export const serveRunningPods: RequestHandler = async ({ host }, response) => {
  const pods = await host.runningPods()
  response.setHeader('Content-Type', 'application/json')
  response.end(JSON.stringify(podList(pods)))
}

function podList(pods: readonly DeepReadonly<Pod>[]) {
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: pods }
}
