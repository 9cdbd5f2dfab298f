import { chmod, chown, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Volume } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { unitsOf } from '../containers/amounts.ts'
import { writeAtomically } from './atomic-writer.ts'
import { prepareHostPath } from './host-path.ts'
import { mountsBelow, mountTmpfs } from './mounts.ts'
import { configMapPayload, downwardPayload, projectedPayload, secretPayload, type VolumeContents } from './payload.ts'

export interface VolumePlaces {
  /** Of this Pod, on disk. */
  readonly podDirectory: string
  /** Of this Pod, in memory: what is secret never reaches a disk. */
  readonly memoryDirectory: string
}

/** Where the volumes of a Pod lie on the node, by name. */
export type MountedVolumes = ReadonlyMap<string, string>

type SetUp = (volume: DeepReadonly<Volume>, contents: VolumeContents, places: VolumePlaces) => Promise<string>

/**
 * Sets up every volume of the Pod, or brings it up to date: it may be called again and again. Throws upstream's sentence
 * for the first that cannot be, such as one whose ConfigMap is missing.
 */
export async function setUpVolumes(contents: VolumeContents, places: VolumePlaces): Promise<MountedVolumes> {
  const volumes = contents.pod.spec?.volumes ?? []
  const paths = await Promise.all(
    volumes.map(async (volume) => {
      try {
        return [volume.name, await setUpVolume(volume, contents, places)] as const
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause)
        throw new Error(`MountVolume.SetUp failed for volume "${volume.name}" : ${why}`, { cause })
      }
    }),
  )
  return new Map(paths)
}

async function setUpVolume(
  volume: DeepReadonly<Volume>,
  contents: VolumeContents,
  places: VolumePlaces,
): Promise<string> {
  const source = Object.keys(setUps).find((name) => volume[name as keyof Volume] !== undefined)
  if (!source) throw new Error('no volume plugin matched')
  return setUps[source as keyof typeof setUps](volume, contents, places)
}

const fsGroupOf = ({ pod }: VolumeContents) => pod.spec?.securityContext?.fsGroup

/** Upstream's folder names below a Pod's own. */
const folderOf = (root: string, plugin: string, { name }: DeepReadonly<Volume>) =>
  join(root, 'volumes', `kubernetes.io~${plugin}`, name)

const emptyDir: SetUp = async (volume, contents, { podDirectory }) => {
  const path = folderOf(podDirectory, 'empty-dir', volume)
  await mkdir(path, { recursive: true, mode: 0o777 })
  const { medium, sizeLimit } = volume.emptyDir!
  if (medium === 'Memory' && (await mountsBelow(path)).length === 0) {
    await mountTmpfs(path, sizeLimit ? unitsOf(sizeLimit) : undefined)
  }
  const fsGroup = fsGroupOf(contents)
  if (fsGroup !== undefined) await chown(path, 0, fsGroup)
  await chmod(path, fsGroup === undefined ? 0o777 : 0o2777)
  return path
}

const hostPath: SetUp = async (volume) => {
  const { path, type = '' } = volume.hostPath!
  await prepareHostPath(path, type)
  return path
}

const configMap: SetUp = async (volume, contents, { podDirectory }) => {
  const { name = '', items, defaultMode: mode = 0o644, optional = false } = volume.configMap!
  const path = folderOf(podDirectory, 'configmap', volume)
  await writeAtomically(path, await configMapPayload(contents, name, { items, mode, optional }), fsGroupOf(contents))
  return path
}

const secret: SetUp = async (volume, contents, { memoryDirectory }) => {
  const { secretName = '', items, defaultMode: mode = 0o644, optional = false } = volume.secret!
  const path = folderOf(memoryDirectory, 'secret', volume)
  await writeAtomically(path, await secretPayload(contents, secretName, { items, mode, optional }), fsGroupOf(contents))
  return path
}

const projected: SetUp = async (volume, contents, { memoryDirectory }) => {
  const path = folderOf(memoryDirectory, 'projected', volume)
  await writeAtomically(path, await projectedPayload(contents, volume.projected!), fsGroupOf(contents))
  return path
}

const downwardAPI: SetUp = async (volume, contents, { podDirectory }) => {
  const { items = [], defaultMode: mode = 0o644 } = volume.downwardAPI!
  const path = folderOf(podDirectory, 'downward-api', volume)
  await writeAtomically(path, downwardPayload(contents, items, mode), fsGroupOf(contents))
  return path
}

const setUps = { emptyDir, hostPath, configMap, secret, projected, downwardAPI } satisfies Record<string, SetUp>

/** Volumes whose contents follow objects, and are always mounted read-only. */
export function isReadOnlyVolume(volume: DeepReadonly<Volume>): boolean {
  return Boolean(volume.configMap || volume.secret || volume.projected || volume.downwardAPI)
}
