import type { LifecycleHandler, Probe, Volume } from '../../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import {
  type AnyContainer,
  type Check,
  type CheckedPod,
  containersOf,
  containersWith,
  distinct,
  named,
  plural,
  quoted,
  setters,
  type Violation,
} from './check.ts'

/** What a Pod may share with its node. */

export const hostNamespaces: Check = {
  id: 'hostNamespaces',
  versions: [
    {
      since: 0,
      find({ spec }) {
        const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name] === true)
        if (shared.length === 0) return undefined
        return { reason: 'host namespaces', detail: shared.map((name) => `${name}=true`).join(', ') }
      },
    },
  ],
}

export const hostPathVolumes: Check = {
  id: 'hostPathVolumes',
  versions: [
    {
      since: 0,
      find({ spec }) {
        const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name)
        if (names.length === 0) return undefined
        return { reason: 'hostPath volumes', detail: named('volume', names) }
      },
    },
  ],
}

const harmlessVolumeTypes: readonly (keyof Volume)[] = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

function restrictedVolumesOf({ spec }: CheckedPod): Violation | undefined {
  const bad = (spec.volumes ?? []).filter((volume) => !harmlessVolumeTypes.some((type) => volume[type] !== undefined))
  if (bad.length === 0) return undefined
  const types = distinct(bad.map((volume) => Object.keys(volume).find((key) => key !== 'name') ?? 'unknown'))
  const uses = bad.length === 1 ? 'uses' : 'use'
  const what = `${plural('restricted volume type', types.length)} ${quoted(types)}`
  const volumes = named(
    'volume',
    bad.map(({ name }) => name),
  )
  return { reason: 'restricted volume types', detail: `${volumes} ${uses} ${what}` }
}

export const restrictedVolumes: Check = {
  id: 'restrictedVolumes',
  overrides: 'hostPathVolumes',
  versions: [{ since: 0, find: restrictedVolumesOf }],
}

const hostPortsOf = ({ ports }: AnyContainer): number[] =>
  (ports ?? []).map(({ hostPort }) => hostPort ?? 0).filter((port) => port !== 0)

export const hostPorts: Check = {
  id: 'hostPorts',
  versions: [
    {
      since: 0,
      find({ spec }) {
        const bad = containersOf(spec).filter((container) => hostPortsOf(container).length > 0)
        if (bad.length === 0) return undefined
        const found = distinct(bad.flatMap(hostPortsOf).map(String))
        const who = named(
          'container',
          bad.map(({ name }) => name),
        )
        const what = `${plural('hostPort', found.length)} ${found.join(', ')}`
        return { reason: 'hostPort', detail: `${who} ${bad.length === 1 ? 'uses' : 'use'} ${what}` }
      },
    },
  ],
}

type Handler = DeepReadonly<Probe> | DeepReadonly<LifecycleHandler> | undefined

/** The hosts that probes and hooks of a container name: from the node they would reach places that the Pod cannot. */
function namedHosts({ livenessProbe, readinessProbe, startupProbe, lifecycle }: AnyContainer): string[] {
  const handlers: Handler[] = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop]
  return handlers
    .flatMap((handler) => [handler?.httpGet?.host ?? '', handler?.tcpSocket?.host ?? ''])
    .filter((host) => host !== '')
}

export const hostProbesAndHostLifecycle: Check = {
  id: 'hostProbesAndHostLifecycle',
  versions: [
    {
      since: 34,
      find({ spec }) {
        const bad = containersOf(spec).filter((container) => namedHosts(container).length > 0)
        if (bad.length === 0) return undefined
        const who = distinct(bad.map(({ name }) => name))
        const hosts = distinct(bad.flatMap(namedHosts))
        const what = `${plural('probe or lifecycle host', hosts.length)} ${quoted(hosts)}`
        const detail = `${named('container', who)} ${who.length === 1 ? 'uses' : 'use'} ${what}`
        return { reason: 'probe or lifecycle host', detail }
      },
    },
  ],
}

export const windowsHostProcess: Check = {
  id: 'windowsHostProcess',
  versions: [
    {
      since: 0,
      find(pod) {
        const podDoes = pod.spec.securityContext?.windowsOptions?.hostProcess === true
        const bad = containersWith(pod, ({ windowsOptions }) => windowsOptions?.hostProcess === true)
        const who = setters(podDoes, bad)
        if (who === '') return undefined
        return { reason: 'hostProcess', detail: `${who} must not set securityContext.windowsOptions.hostProcess=true` }
      },
    },
  ],
}
