import type { DeepReadonly } from '../../machinery/object.ts'
import type { Volume, VolumeProjection } from '../types/core/v1.ts'

/** Files of one volume that are in each other's way. After pkg/api/pod warningsForOverlappingVirtualPaths v1.36. */

interface File {
  readonly path: string
  readonly source: string
}

interface Mapping {
  readonly path: string
}

export function overlappingPathWarnings(volumes: readonly DeepReadonly<Volume>[]): string[] {
  return volumes.flatMap((volume) => {
    const { name, configMap, secret, downwardAPI, projected } = volume
    const say = (what: string, overlaps: readonly string[]) =>
      overlaps.map((overlap) => `volume ${JSON.stringify(name)} (${what}): overlapping paths: ${overlap}`)
    return [
      ...(configMap?.items ? say(`ConfigMap "${configMap.name ?? ''}"`, overlapsOf(filesOf(configMap.items))) : []),
      ...(secret?.items ? say(`Secret "${secret.secretName ?? ''}"`, overlapsOf(filesOf(secret.items))) : []),
      ...(downwardAPI?.items ? say('DownwardAPI', overlapsOf(filesOf(downwardAPI.items))) : []),
      ...emptyProjections(volume),
      ...say('Projected', overlapsOf((projected?.sources ?? []).flatMap(projectedFiles))),
    ]
  })
}

function emptyProjections({ name, projected }: DeepReadonly<Volume>): string[] {
  return (projected?.sources ?? [])
    .filter((source) => Object.values(source).every((value) => !value))
    .map(() => `volume ${JSON.stringify(name)} (Projected) has no sources provided`)
}

const filesOf = (items: readonly Mapping[], source = ''): File[] => items.map(({ path }) => ({ path, source }))

function projectedFiles(projection: DeepReadonly<VolumeProjection>): File[] {
  const { configMap, secret, downwardAPI, serviceAccountToken } = projection
  if (configMap?.items) return filesOf(configMap.items, `ConfigMap "${configMap.name ?? ''}"`)
  if (secret?.items) return filesOf(secret.items, `Secret "${secret.name ?? ''}"`)
  if (downwardAPI?.items) return filesOf(downwardAPI.items, 'DownwardAPI')
  return serviceAccountToken ? [{ path: serviceAccountToken.path, source: 'ServiceAccountToken' }] : []
}

const isBelow = (path: string, other: string) => `${path}/`.startsWith(`${other}/`)

const show = ({ path, source }: File) => JSON.stringify(path) + (source === '' ? '' : ` (${source})`)

/** Each file with those before it that are the same, above or below. */
function overlapsOf(files: readonly File[]): string[] {
  const before: File[] = []
  return files.flatMap(({ path, source }) => {
    const file = { path: (path ?? '').replace(/\/+$/, ''), source }
    const others = before.filter((other) => isBelow(other.path, file.path) || isBelow(file.path, other.path))
    if (file.path === '') return []
    before.push(file)
    return others.map((other) => `${show(file)} with ${show(other)}`)
  })
}
