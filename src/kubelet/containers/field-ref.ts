import type { ObjectFieldSelector } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { ReadonlyPod } from '../pod/pod.ts'

/** What is known of a Pod only while it runs. */
export interface PodAddresses {
  readonly podIps: readonly string[]
  readonly hostIps: readonly string[]
}

/** The value of a downward API field. Throws for a path that the API does not allow. After kubelet v1.36 pkg/fieldpath. */
export function fieldValue(
  pod: ReadonlyPod,
  { fieldPath }: DeepReadonly<ObjectFieldSelector>,
  addresses: PodAddresses,
): string {
  const metadata = pod.metadata ?? {}
  const subscript = /^metadata\.(annotations|labels)\['(.*)'\]$/.exec(fieldPath)
  if (subscript) return metadata[subscript[1] as 'annotations' | 'labels']?.[subscript[2]!] ?? ''
  const read = fields[fieldPath]
  if (!read) throw new Error(`unsupported fieldPath: ${fieldPath}`)
  return read(pod, addresses)
}

const fields: Readonly<Record<string, (pod: ReadonlyPod, addresses: PodAddresses) => string>> = {
  'metadata.name': ({ metadata }) => metadata?.name ?? '',
  'metadata.namespace': ({ metadata }) => metadata?.namespace ?? '',
  'metadata.uid': ({ metadata }) => metadata?.uid ?? '',
  'metadata.labels': ({ metadata }) => formatMap(metadata?.labels),
  'metadata.annotations': ({ metadata }) => formatMap(metadata?.annotations),
  'spec.nodeName': ({ spec }) => spec?.nodeName ?? '',
  'spec.serviceAccountName': ({ spec }) => spec?.serviceAccountName ?? '',
  'status.hostIP': (_, { hostIps }) => hostIps[0] ?? '',
  'status.hostIPs': (_, { hostIps }) => hostIps.join(','),
  'status.podIP': (_, { podIps }) => podIps[0] ?? '',
  'status.podIPs': (_, { podIps }) => podIps.join(','),
}

/** One `key="value"` a line, sorted, the value quoted as Go does. */
function formatMap(map: Readonly<Record<string, string>> = {}): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join('\n')
}
