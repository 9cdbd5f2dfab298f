import type { DeepReadonly } from '../../machinery/object.ts'
import type { Volume } from '../types/core/v1.ts'

/** In-tree storage that is gone or going, by field, as upstream's warnings call it. After pkg/api/pod warnings.go. */
const deprecated: Readonly<Record<string, string>> = {
  photonPersistentDisk: 'photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'gitRepo: deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'scaleIO: deprecated in v1.16, non-functional in v1.22+',
  flocker: 'flocker: deprecated in v1.22, non-functional in v1.25+',
  storageos: 'storageOS: deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'quobyte: deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'glusterfs: deprecated in v1.25, non-functional in v1.26+',
  rbd: 'rbd: deprecated in v1.28, non-functional in v1.31+',
  cephfs: 'cephfs: deprecated in v1.28, non-functional in v1.31+',
}

export function sourceWarnings(source: object, path: string): string[] {
  return Object.keys(deprecated)
    .filter((name) => (source as Readonly<Record<string, unknown>>)[name])
    .map((name) => `${path}.${deprecated[name]}`)
}

/** Warnings of the volumes of a Pod's spec, which stands at `path`. */
export function volumeWarnings(volumes: readonly DeepReadonly<Volume>[] | undefined, path: string): string[] {
  return (volumes ?? []).flatMap((volume, index) => [
    ...sourceWarnings(volume, `${path}.volumes[${index}]`),
    ...(volume.projected && !volume.projected.sources?.length
      ? [`volume ${JSON.stringify(volume.name)} (Projected) has no sources provided`]
      : []),
  ])
}
