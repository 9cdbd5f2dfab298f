import type { DeepReadonly } from '../../machinery/object.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import { deprecatedNodeLabels } from '../node/deprecated-labels.ts'
import type { NodeSelectorTerm, PersistentVolume, PersistentVolumeClaimSpec, Volume } from '../types/core/v1.ts'
import { overlappingPathWarnings } from './overlapping-paths.ts'

/** After pkg/api/{pod,persistentvolume,persistentvolumeclaim} v1.36. */

type Deprecations = readonly (readonly [field: string, warning: string])[]

/** In-tree storage that is gone or going, by field, as upstream's warnings call it. */
const volumeSources: Deprecations = [
  ['photonPersistentDisk', 'photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo: deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO: deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker: deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS: deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte: deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs: deprecated in v1.25, non-functional in v1.26+'],
]
const cephSources: Deprecations = [
  ['cephfs', 'cephfs: deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd: deprecated in v1.28, non-functional in v1.31+'],
]
const persistentSources: Deprecations = [
  'cephfs',
  'photonPersistentDisk',
  'scaleIO',
  'storageos',
  'glusterfs',
  'rbd',
].map((name) => [...volumeSources, ...cephSources].find(([field]) => field === name)!)

function sourceWarnings(source: object, deprecations: Deprecations, path: string): string[] {
  const fields = source as Readonly<Record<string, unknown>>
  return deprecations.filter(([field]) => fields[field]).map(([, warning]) => `${path}.${warning}`)
}

/** Warnings of the volumes of a Pod's spec, which stands at `path`. */
export function volumeWarnings(volumes: readonly DeepReadonly<Volume>[] | undefined, path: string): string[] {
  if (!volumes) return []
  const own = volumes.flatMap((volume, index) => {
    const at = `${path}.volumes[${index}]`
    const template = volume.ephemeral?.volumeClaimTemplate
    return [
      ...sourceWarnings(volume, volumeSources, at),
      ...(template ? claimSpecWarnings(template.spec, `${at}.ephemeral.volumeClaimTemplate.spec`) : []),
      ...sourceWarnings(volume, cephSources, at),
    ]
  })
  return [...own, ...overlappingPathWarnings(volumes)]
}

/** Bytes cannot be split. */
export function fractionalBytesWarnings(text: string | undefined, path: string): string[] {
  if (text === undefined || /^\d+([kMGTPE]i?|Ki)?$/.test(text)) return []
  const quantity = parseQuantity(text)
  if (quantity.milli() % 1_000n === 0n) return []
  return [`${path}: fractional byte value ${JSON.stringify(quantity.toString())} is invalid, must be an integer`]
}

export function claimSpecWarnings(spec: DeepReadonly<PersistentVolumeClaimSpec> | undefined, path: string): string[] {
  return (['requests', 'limits'] as const).flatMap((field) =>
    fractionalBytesWarnings(spec?.resources?.[field]?.storage, `${path}.resources.${field}[storage]`),
  )
}

const persistentAnnotations: Deprecations = [
  ['volume.beta.kubernetes.io/storage-class', 'deprecated since v1.8; use "storageClassName" attribute instead'],
  ['volume.beta.kubernetes.io/mount-options', 'deprecated since v1.31; use "mountOptions" attribute instead'],
]

export function persistentVolumeWarnings({ metadata, spec = {} }: DeepReadonly<PersistentVolume>): string[] {
  const recycle =
    'The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.'
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? []
  return [
    ...persistentAnnotations
      .filter(([key]) => metadata?.annotations?.[key] !== undefined)
      .map(([key, warning]) => `metadata.annotations[${key}]: ${warning}`),
    ...(spec.persistentVolumeReclaimPolicy === 'Recycle' ? [`spec.persistentVolumeReclaimPolicy: ${recycle}`] : []),
    ...terms.flatMap((term, index) => nodeTermWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${index}]`)),
    ...sourceWarnings(spec, persistentSources, 'spec'),
  ]
}

/** Old labels that a term asks for. After pkg/api/node GetWarningsForNodeSelectorTerm. */
export function nodeTermWarnings({ matchExpressions }: DeepReadonly<NodeSelectorTerm>, path: string): string[] {
  return (matchExpressions ?? []).flatMap(({ key }, index) => {
    const why = deprecatedNodeLabels.get(key)
    return why === undefined ? [] : [`${path}.matchExpressions[${index}].key: ${key} is ${why}`]
  })
}
