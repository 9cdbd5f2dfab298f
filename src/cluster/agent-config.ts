import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LogLevel } from '../platform/log.ts'
import { UsageError } from './usage-error.ts'

/** All that an agent is told: one JSON file, 0600, since it names the node's keys. */
export interface AgentConfig {
  readonly nodeName: string
  readonly nodeAddress: string
  /** The node's own folder: state, logs, CNI configuration. */
  readonly directory: string
  /** What need not outlive a reboot: containerd's sockets and mounts. */
  readonly stateDirectory: string
  /** `https://host:port` of the API server. */
  readonly server: string
  /** PEM files. */
  readonly certificateAuthority: string
  readonly credentials: Readonly<Record<AgentComponent, { readonly certificate: string; readonly key: string }>>
  /** What the kubelet shows to the API server. */
  readonly serving: { readonly certificate: string; readonly key: string }
  readonly clusterCidr: string
  readonly clusterDomain: string
  /** The address of the Service `kube-dns`. */
  readonly clusterDns: string
  readonly podManifestPath: string
  readonly logLevel: LogLevel
}

/** Who an agent speaks as: each component with its own identity and no more rights than it needs. */
export const agentComponents = ['kubelet', 'proxy', 'dns'] as const
export type AgentComponent = (typeof agentComponents)[number]

export const agentConfigFile = (nodeDirectory: string): string => join(nodeDirectory, 'agent.json')
/** Unix sockets have short names; node folders have long ones. */
export const agentSocket = (nodeDirectory: string): string => join(nodeDirectory, 'agent.sock')
/** Reads what `kubets up` wrote. Throws a UsageError when it is not there. */
export function readAgentConfig(path: string): AgentConfig {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as AgentConfig
  } catch (error) {
    throw new UsageError(`cannot read the agent's configuration ${path}; "kubets up" writes it`, { cause: error })
  }
}
