import { createHash } from 'node:crypto'
import { watch } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { applyPodSpecDefaults } from '../../api/core/pod-spec-defaults.ts'
import type { Pod } from '../../api/types/core/v1.ts'
import { ChangeSignal } from '../../platform/change-signal.ts'
import type { Logger } from '../../platform/log.ts'
import { configHashAnnotation, configSourceAnnotation } from '../pod/pod.ts'

export interface StaticPodsOptions {
  readonly directory: string
  readonly nodeName: string
  readonly log: Logger
  readonly changed: (pods: readonly Pod[]) => void
}

const maxManifestBytes = 10 << 20

/** Tells of all static Pods at every change of the folder, until `signal` aborts. */
export async function watchStaticPods(options: StaticPodsOptions, signal: AbortSignal): Promise<void> {
  const { directory, log, changed } = options
  await mkdir(directory, { recursive: true })
  const changes = new ChangeSignal()
  const watcher = watch(directory, { signal }, changes.notify)
  watcher.on('error', (error) => log.error('cannot watch the folder of static pods', { error, directory }))
  while (await changes.next(signal)) changed(await readStaticPods(options))
}

/** The Pods of every manifest in the folder; one that cannot be read is logged and left out. */
export async function readStaticPods({ directory, nodeName, log }: Omit<StaticPodsOptions, 'changed'>): Promise<Pod[]> {
  await mkdir(directory, { recursive: true })
  const names = (await readdir(directory)).filter((name) => !name.startsWith('.')).sort()
  const found: Pod[] = []
  for (const name of names) {
    try {
      const text = await readFile(join(directory, name), 'utf8')
      if (text.length > maxManifestBytes) throw new Error('too large for a manifest')
      found.push(staticPod(parse(text) as unknown, nodeName))
    } catch (error) {
      log.error('static pod manifest cannot be used', { error, file: join(directory, name) })
    }
  }
  return found
}

/** Gives a manifest its identity on this node. After kubelet v1.36 config/common.go applyDefaults. */
export function staticPod(manifest: unknown, nodeName: string): Pod {
  const source = manifest as Pod | null
  if (source?.kind !== 'Pod' || source.apiVersion !== 'v1' || !source.metadata?.name || !source.spec) {
    throw new Error('not a v1 Pod with a name and a spec')
  }
  const pod = structuredClone(source)
  const uid = createHash('md5').update(nodeName).update(JSON.stringify(source)).digest('hex')
  const { metadata = {}, spec = { containers: [] } } = pod
  applyPodSpecDefaults(spec)
  return {
    ...pod,
    metadata: {
      ...metadata,
      name: `${metadata.name}-${nodeName.toLowerCase()}`,
      namespace: metadata.namespace ?? 'default',
      uid,
      annotations: { ...metadata.annotations, [configHashAnnotation]: uid, [configSourceAnnotation]: 'file' },
    },
    spec: {
      ...spec,
      nodeName,
      // It runs whatever the taints say.
      tolerations: [...(spec.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }],
    },
    status: { phase: 'Pending' },
  }
}
