/**
 * Writes `src/apiserver/bootstrap/objects.ts` from recordings of what a fresh server makes by itself, which a folder
 * given as the argument holds: `node scripts/import-bootstrap.ts <folder>`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** In the order they are created. Services, endpoints and leases depend on the server's options and are made by code. */
const files = [
  'namespaces.v1',
  'priorityclasses.scheduling.k8s.io__v1',
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io__v1',
  'flowschemas.flowcontrol.apiserver.k8s.io__v1',
  'clusterroles.rbac.authorization.k8s.io__v1',
  'clusterrolebindings.rbac.authorization.k8s.io__v1',
  'roles.rbac.authorization.k8s.io__v1',
  'rolebindings.rbac.authorization.k8s.io__v1',
  'apiservices.apiregistration.k8s.io__v1',
]

/** What the server itself fills in. */
const serverOwned = new Set(['managedFields', 'generation', 'creationTimestamp', 'uid', 'resourceVersion'])

interface Recorded {
  readonly apiVersion: string
  readonly kind: string
  readonly items: readonly Record<string, unknown>[]
}

function recordedObjects(folder: string): object[] {
  return files.flatMap((file) => {
    const { apiVersion, kind, items } = JSON.parse(readFileSync(join(folder, `${file}.json`), 'utf8')) as Recorded
    return items.map((item) => cleaned(item, { apiVersion, kind: kind.replace(/List$/, '') }))
  })
}

function cleaned(
  { metadata, status, spec, ...rest }: Record<string, unknown>,
  type: { apiVersion: string; kind: string },
): object {
  const kept = Object.fromEntries(Object.entries(metadata as object).filter(([key]) => !serverOwned.has(key)))
  const conditions = (status as { conditions?: unknown } | undefined)?.conditions
  const isNamespace = type.kind === 'Namespace'
  return {
    apiVersion: type.apiVersion,
    kind: type.kind,
    metadata: isNamespace ? { name: kept.name } : kept,
    ...(spec !== undefined && !isNamespace && { spec }),
    ...withoutNulls(rest),
    ...(conditions !== undefined && !isNamespace && { status: { conditions } }),
  }
}

function withoutNulls(fields: Record<string, unknown>): object {
  const own = Object.entries(fields).filter(([key, value]) => value !== null && key !== 'kind' && key !== 'apiVersion')
  return Object.fromEntries(own)
}

const [folder] = process.argv.slice(2)
if (!folder) throw new Error('usage: node scripts/import-bootstrap.ts <folder of recordings>')
const lines = recordedObjects(folder).map((object) => `  ${JSON.stringify(object)},`)
const text = `// biome-ignore-all format: one object a line, written by scripts/import-bootstrap.ts
import type { KubeObject } from '../../machinery/object.ts'

/** What a server makes by itself at its first start, beside what depends on its options. */
export const bootstrapObjects: readonly KubeObject[] = [
${lines.join('\n')}
] as KubeObject[]
`
writeFileSync(join(fileURLToPath(new URL('..', import.meta.url)), 'src/apiserver/bootstrap/objects.ts'), text)
