import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { criMount } from '../containers/container-config.ts'
import { expand } from '../containers/expansion.ts'
import { hostsFile } from '../containers/hosts-file.ts'
import type { CriRequest } from '../cri/messages.ts'
import { resolveSubPath } from '../volumes/sub-path.ts'
import { isReadOnlyVolume, type MountedVolumes } from '../volumes/volumes.ts'
import type { NodeContext } from './node-context.ts'
import { isHostNetwork, type ReadonlyContainer, type ReadonlyPod, uidOf } from './pod.ts'
import { addressesOf, hostnameOf } from './pod-network.ts'
import type { PodRuntime } from './runtime-state.ts'

export interface MountsView {
  readonly context: NodeContext
  readonly pod: ReadonlyPod
  readonly runtime: PodRuntime
  readonly container: ReadonlyContainer
  readonly volumes: MountedVolumes
  readonly environment: ReadonlyMap<string, string>
}

/** Everything a container finds mounted: its volumes, /etc/hosts and the file for its last words. */
export async function containerMounts(view: MountsView): Promise<CriRequest<'Mount'>[]> {
  const { container } = view
  const mounts = await Promise.all((container.volumeMounts ?? []).map((mount) => volumeMount(view, mount)))
  const taken = new Set(mounts.map(({ containerPath }) => containerPath))
  if (!taken.has('/etc/hosts')) mounts.push(await hostsMount(view))
  const messagePath = container.terminationMessagePath
  if (messagePath) mounts.push(await terminationMount(view, messagePath))
  return mounts
}

async function volumeMount(
  { pod, volumes, environment }: MountsView,
  mount: NonNullable<ReadonlyContainer['volumeMounts']>[number],
): Promise<CriRequest<'Mount'>> {
  const volumePath = volumes.get(mount.name)
  if (!volumePath) throw new Error(`cannot find volume "${mount.name}" to mount into container`)
  const expression = mount.subPathExpr
  const subPath = expression ? expand(expression, (name) => environment.get(name)) : mount.subPath
  const hostPath = subPath ? await resolveSubPath(volumePath, subPath) : volumePath
  const volume = pod.spec?.volumes?.find(({ name }) => name === mount.name)
  return criMount(mount, hostPath, mount.readOnly === true || (volume !== undefined && isReadOnlyVolume(volume)))
}

async function hostsMount({ context, pod, runtime }: MountsView): Promise<CriRequest<'Mount'>> {
  const hostPath = join(context.podsDirectory, uidOf(pod), 'etc-hosts')
  const { hostname, hostDomain } = hostnameOf(context, pod)
  const text = hostsFile({
    podIps: addressesOf(context, pod, runtime).podIps,
    hostname,
    hostDomain,
    hostAliases: pod.spec?.hostAliases ?? [],
    ...(isHostNetwork(pod) ? { nodeHosts: await readFile('/etc/hosts', 'utf8') } : {}),
  })
  await writeFile(hostPath, text, { mode: 0o644 })
  return { containerPath: '/etc/hosts', hostPath, readonly: false }
}

/** A new file for each run, which any user in the container may write. */
async function terminationMount({ context, pod, container }: MountsView, path: string): Promise<CriRequest<'Mount'>> {
  const name = randomBytes(4).toString('hex')
  const hostPath = join(context.podsDirectory, uidOf(pod), 'containers', container.name, name)
  await mkdir(dirname(hostPath), { recursive: true, mode: 0o750 })
  await writeFile(hostPath, '')
  await chmod(hostPath, 0o666)
  return { containerPath: path, hostPath, readonly: false }
}
