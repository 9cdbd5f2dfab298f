import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn, text, wide } from '../printing.ts'
import type { Node } from '../types/core/v1.ts'
import { nodes } from '../types/resources.ts'
import { nodeWarnings, validateNode, validateNodeStatus, validateNodeUpdate } from '../validation/node.ts'
import { roundUpToMilli } from './pod-spec-defaults.ts'

function applyDefaults({ spec, status }: Node): void {
  roundUpToMilli(status?.capacity)
  roundUpToMilli(status?.allocatable)
  if (status?.capacity && !status.allocatable) status.allocatable = { ...status.capacity }
  if (!spec) return
  const first = spec.podCIDRs?.[0]
  if (spec.podCIDR && spec.podCIDR !== first) spec.podCIDRs = [spec.podCIDR]
  else if (first) spec.podCIDR = first
}

/** Configuration from ConfigMaps is gone; only a node that still has it may keep it. */
function dropConfig({ spec, status }: Node, old: DeepReadonly<Node> | undefined): void {
  if (spec?.configSource && !old?.spec?.configSource) delete spec.configSource
  if (status?.config && !old) delete status.config
}

function dropConfigStatus({ status }: Node, old: DeepReadonly<Node>): void {
  if (status?.config && !old.status?.config) delete status.config
}

const rolePrefix = 'node-role.kubernetes.io/'

function rolesText(node: DeepReadonly<Node>): string {
  const roles = new Set<string>()
  for (const [key, value] of Object.entries(node.metadata?.labels ?? {})) {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) roles.add(key.slice(rolePrefix.length))
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value)
  }
  return [...roles].sort().join(',') || '<none>'
}

function statusText({ spec, status }: DeepReadonly<Node>): string {
  const ready = status?.conditions?.findLast(({ type }) => type === 'Ready')
  const words = [ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown']
  if (spec?.unschedulable) words.push('SchedulingDisabled')
  return words.join(',')
}

function addressOf({ status }: DeepReadonly<Node>, type: string): string {
  return status?.addresses?.find((address) => address.type === type)?.address ?? '<none>'
}

function kernelText({ status }: DeepReadonly<Node>): string {
  const kernel = status?.nodeInfo?.kernelVersion || '<unknown>'
  const architecture = status?.nodeInfo?.architecture
  return architecture ? `${kernel} (${architecture})` : kernel
}

/** Unlike other kinds, a Node may be created with a status: kubelets register themselves with one. */
export const node = define(nodes, {
  storagePrefix: 'minions',
  applyDefaults,
  keepStatusOnCreate: true,
  prepareForCreate: (node) => dropConfig(node, undefined),
  prepareForUpdate: dropConfig,
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  metadataChecksOnUpdate: ['whole', 'own', 'change'],
  warnings: nodeWarnings,
  status: { prepareForUpdate: dropConfigStatus, validateUpdate: validateNodeStatus },
  selectableFields: { 'spec.unschedulable': (object) => String(object.spec?.unschedulable ?? false) },
  columns: [
    nameColumn,
    text('Status', statusText),
    text('Roles', rolesText),
    ageColumn,
    text('Version', (object) => object.status?.nodeInfo?.kubeletVersion ?? ''),
    wide('Internal-IP', (object) => addressOf(object, 'InternalIP')),
    wide('External-IP', (object) => addressOf(object, 'ExternalIP')),
    wide('OS-Image', (object) => object.status?.nodeInfo?.osImage || '<unknown>'),
    wide('Kernel-Version', kernelText),
    wide('Container-Runtime', (object) => object.status?.nodeInfo?.containerRuntimeVersion || '<unknown>'),
  ],
})
