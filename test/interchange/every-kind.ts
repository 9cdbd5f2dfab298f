import type { ApiResponse, Transport } from '../../src/client/transport.ts'
import type { KubeObject } from '../../src/machinery/object.ts'
import { readCases, readJson } from '../reference/fixtures.ts'
import { until } from '../support/processes.ts'

interface Step {
  readonly method: 'POST' | 'PUT'
  readonly path: string
  readonly body: KubeObject
}

interface DefaultingCase {
  readonly kind: string
  readonly path: string
  readonly request: KubeObject
}

/** They would be asked about everything that follows, and nobody answers. */
const asked = /^(Mutating|Validating)WebhookConfiguration$/

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.example.net' },
  spec: {
    group: 'example.net',
    scope: 'Namespaced',
    names: { plural: 'things', kind: 'Thing' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [{ name: 'Size', type: 'number', jsonPath: '.spec.size' }],
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}

const thing = {
  apiVersion: 'example.net/v1',
  kind: 'Thing',
  metadata: { name: 'one', labels: { z: '1', a: '2' } },
  spec: { size: 1.5, words: [], nothing: {} },
}

const thingsPath = '/apis/example.net/v1/namespaces/default/things'

/** Creates objects of every kind on a fresh server: those of the reference cases, and a custom one. */
export async function createEveryKind(transport: Transport): Promise<void> {
  const setup = ['setup', 'setup-updates'].flatMap((file) => readJson<Step[]>(file))
  const cases = readCases<DefaultingCase>('defaulting').filter(({ kind }) => !asked.test(kind))
  const creations = cases.map(
    ({ path, request }): Step => ({ method: 'POST', path: path.split('?')[0]!, body: request }),
  )
  for (const step of [...setup, ...creations]) await accepted(transport, step)
  await accepted(transport, {
    method: 'POST',
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    body: definition,
  })
  const isServed = async () => (await transport.request({ method: 'GET', path: thingsPath })).status === 200
  await until('things are served', isServed)
  await accepted(transport, { method: 'POST', path: thingsPath, body: thing })
}

/** 409: two cases have one name. */
async function accepted(transport: Transport, step: Step): Promise<void> {
  const { status, body } = await transport.request(step)
  if (status >= 400 && status !== 409) throw new Error(`${step.method} ${step.path}: ${status} ${JSON.stringify(body)}`)
}

/** What a server lists, by the path of the collection: every resource in the version that `/apis` prefers. */
export async function listEverything(transport: Transport): Promise<Map<string, readonly KubeObject[]>> {
  const get = async <T>(path: string) => bodyOf<T>(await transport.request({ method: 'GET', path }), path)
  const { groups } = await get<{ groups: { preferredVersion: { groupVersion: string } }[] }>('/apis')
  const roots = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)]
  const lists = new Map<string, readonly KubeObject[]>()
  for (const root of roots) {
    const resources = await resourcesOf(transport, root)
    for (const { name, verbs } of resources) {
      if (name.includes('/') || !verbs.includes('list') || !verbs.includes('create')) continue
      const path = `${root}/${name}`
      lists.set(path, (await get<{ items: KubeObject[] }>(path)).items)
    }
  }
  return lists
}

/** Where one of the items of the list at `path` is. */
export function objectPath(path: string, { metadata }: KubeObject): string {
  const { namespace, name = '' } = metadata ?? {}
  const [, root, resource] = /^(.*)\/([^/]+)$/.exec(path)!
  return `${root}/${namespace ? `namespaces/${namespace}/` : ''}${resource}/${encodeURIComponent(name)}`
}

/** None where a version is announced and not served: one of the objects names a server that is not there. */
async function resourcesOf(transport: Transport, root: string): Promise<{ name: string; verbs: string[] }[]> {
  const { status, body } = await transport.request({ method: 'GET', path: root })
  return status === 200 ? (body as { resources: { name: string; verbs: string[] }[] }).resources : []
}

function bodyOf<T>({ status, body }: ApiResponse, path: string): T {
  if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`)
  return body as T
}
