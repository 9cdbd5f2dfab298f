import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  Secret,
  VolumeProjection,
} from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { resourceFieldValue } from '../containers/amounts.ts'
import type { ReferencedObjects } from '../containers/environment.ts'
import { fieldValue, type PodAddresses } from '../containers/field-ref.ts'
import { namespaceOf, type ReadonlyPod } from '../pod/pod.ts'
import type { Payload, ProjectedFile } from './atomic-writer.ts'
import type { TokenSource } from './tokens.ts'

/** All that the contents of volumes come from. */
export interface VolumeContents {
  readonly pod: ReadonlyPod
  readonly objects: ReferencedObjects
  readonly tokens: TokenSource
  readonly addresses: PodAddresses
  readonly allocatable: Readonly<Record<string, string>>
}

const defaultMode = 0o644

interface Selection {
  readonly items?: readonly DeepReadonly<KeyToPath>[] | undefined
  readonly mode: number
  readonly optional: boolean
}

/** Throws upstream's sentence when the ConfigMap or a named key is missing and not optional. */
export async function configMapPayload(
  { pod, objects }: VolumeContents,
  name: string,
  selection: Selection,
): Promise<Payload> {
  const configMap = await objects.configMap(namespaceOf(pod), name)
  if (!configMap && !selection.optional) throw new Error(`configmap "${name}" not found`)
  return select(configMapData(configMap), selection, 'configmap')
}

function configMapData(configMap: DeepReadonly<ConfigMap> | undefined): Map<string, Uint8Array> {
  const text = Object.entries(configMap?.data ?? {}).map(([key, value]) => [key, Buffer.from(value)] as const)
  return new Map([...text, ...decoded(configMap?.binaryData)])
}

/** A null in a map of bytes is an empty value, as in Go. */
const decoded = (data: Readonly<Record<string, string | null>> = {}) =>
  Object.entries(data).map(([key, value]) => [key, Buffer.from(value ?? '', 'base64')] as const)

export async function secretPayload(
  { pod, objects }: VolumeContents,
  name: string,
  selection: Selection,
): Promise<Payload> {
  const secret: DeepReadonly<Secret> | undefined = await objects.secret(namespaceOf(pod), name)
  if (!secret && !selection.optional) throw new Error(`secret "${name}" not found`)
  return select(new Map(decoded(secret?.data)), selection, 'secret')
}

function select(data: ReadonlyMap<string, Uint8Array>, { items, mode, optional }: Selection, what: string): Payload {
  const payload = new Map<string, ProjectedFile>()
  if (!items || items.length === 0) {
    for (const [key, value] of data) payload.set(key, { data: value, mode })
    return payload
  }
  for (const item of items) {
    const value = data.get(item.key)
    if (value) payload.set(item.path, { data: value, mode: item.mode ?? mode })
    else if (!optional)
      throw new Error(`${what} references non-existent ${what === 'secret' ? 'secret' : 'config'} key: ${item.key}`)
  }
  return payload
}

export function downwardPayload(
  { pod, addresses, allocatable }: VolumeContents,
  items: readonly DeepReadonly<DownwardAPIVolumeFile>[],
  mode: number,
): Payload {
  const payload = new Map<string, ProjectedFile>()
  for (const item of items) {
    const text = item.fieldRef
      ? fieldValue(pod, item.fieldRef, addresses)
      : item.resourceFieldRef
        ? resourceFieldValue({ pod, selector: item.resourceFieldRef, allocatable })
        : ''
    payload.set(item.path, { data: Buffer.from(text), mode: item.mode ?? mode })
  }
  return payload
}

/** All sources in one folder; a later one wins over an earlier. */
export async function projectedPayload(
  contents: VolumeContents,
  { sources = [], defaultMode: mode = defaultMode }: DeepReadonly<ProjectedVolumeSource>,
): Promise<Payload> {
  const payloads = await Promise.all(sources.map((source) => projectionPayload(contents, source, mode)))
  return new Map(payloads.flatMap((payload) => [...payload]))
}

async function projectionPayload(
  contents: VolumeContents,
  source: DeepReadonly<VolumeProjection>,
  mode: number,
): Promise<Payload> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source
  if (configMap) {
    const selection = { items: configMap.items, mode, optional: configMap.optional ?? false }
    return configMapPayload(contents, configMap.name ?? '', selection)
  }
  if (secret) {
    const selection = { items: secret.items, mode, optional: secret.optional ?? false }
    return secretPayload(contents, secret.name ?? '', selection)
  }
  if (downwardAPI) return downwardPayload(contents, downwardAPI.items ?? [], mode)
  if (serviceAccountToken) {
    const token = await contents.tokens.token(contents.pod, serviceAccountToken)
    return new Map([[serviceAccountToken.path, tokenFile(contents.pod, token, mode)]])
  }
  throw new Error('this source of a projected volume is not supported')
}

/** Containers that do not run as root must be able to read the token, and nobody else. After volume/projected. */
function tokenFile(pod: ReadonlyPod, token: string, mode: number): ProjectedFile {
  const data = Buffer.from(token)
  const { fsGroup } = pod.spec?.securityContext ?? {}
  if (fsGroup !== undefined) return { data, mode: 0o600 }
  const user = commonUser(pod)
  return user === undefined ? { data, mode } : { data, mode: 0o600, uid: user }
}

/** The user of all containers, when they agree on one. */
function commonUser({ spec }: ReadonlyPod): number | undefined {
  const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]
  const users = all.map(({ securityContext }) => securityContext?.runAsUser ?? spec?.securityContext?.runAsUser)
  return new Set(users).size === 1 ? users[0] : undefined
}
