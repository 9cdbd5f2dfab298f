import type { Transport } from '../../client/transport.ts'
import { requestOrThrow } from '../../client/typed-client.ts'
import type { CelType } from '../../machinery/cel/types.ts'
import { apiVersionOf, parseApiVersion } from '../../machinery/object.ts'
import { StatusError } from '../../machinery/status.ts'
import { declareType } from '../../machinery/structural-schema/declared-type.ts'
import type { JsonSchema } from '../../machinery/structural-schema/json-schema.ts'
import { parseStructuralSchema } from '../../machinery/structural-schema/structural-schema.ts'
import type { VersionedResource } from './checked-resources.ts'
import { populateReferences } from './populate-references.ts'

export interface KindName {
  readonly group: string
  readonly version: string
  readonly kind: string
}

interface OpenApiDocument {
  readonly components?: { readonly schemas?: Readonly<Record<string, KindSchema>> }
}

interface KindSchema extends JsonSchema {
  readonly 'x-kubernetes-group-version-kind'?: readonly KindName[]
}

/** What the server says of its kinds, each document read once: made anew for each policy. */
export class ServedTypes {
  readonly #transport: Transport
  readonly #signal: AbortSignal
  readonly #schemas = new Map<string, Promise<Readonly<Record<string, KindSchema>>>>()

  constructor(transport: Transport, signal: AbortSignal) {
    this.#transport = transport
    this.#signal = signal
  }

  /** Of all groups that serve one of `versions`. APIs that do not answer are left out. */
  async resources(versions: ReadonlySet<string>): Promise<VersionedResource[]> {
    const groups = await this.#read<GroupList>('/apis')
    const named = (groups?.groups ?? []).flatMap((group) => group.versions.map(({ groupVersion }) => groupVersion))
    const wanted = ['v1', ...named].filter((groupVersion) => versions.has(parseApiVersion(groupVersion).version))
    const lists = await Promise.all(wanted.map((groupVersion) => this.#resourcesOf(groupVersion)))
    return lists.flat()
  }

  /** Undefined where the server does not know the kind, or expressions may not see it. */
  async type({ group, version, kind }: KindName): Promise<CelType | undefined> {
    const schemas = await this.#schemasOf(apiVersionOf({ group, version }))
    const schema = Object.values(schemas).find((candidate) =>
      candidate['x-kubernetes-group-version-kind']?.some(
        (name) => name.group === group && name.version === version && name.kind === kind,
      ),
    )
    if (!schema) return undefined
    const structural = parseStructuralSchema(populateReferences(schemas, schema))
    return declareType(structural, { name: kind, isResourceRoot: true })?.type
  }

  async #resourcesOf(groupVersion: string): Promise<VersionedResource[]> {
    const { group, version } = parseApiVersion(groupVersion)
    const list = await this.#read<ResourceList>(group === '' ? `/api/${version}` : `/apis/${groupVersion}`)
    return (list?.resources ?? [])
      .filter(({ name }) => !name.includes('/'))
      .map(({ name, kind, singularName }) => {
        return { group, version, plural: name, singular: singularName || kind.toLowerCase(), kind }
      })
  }

  #schemasOf(groupVersion: string): Promise<Readonly<Record<string, KindSchema>>> {
    const path = groupVersion.includes('/') ? `apis/${groupVersion}` : `api/${groupVersion}`
    const known = this.#schemas.get(path)
    if (known) return known
    const read = this.#read<OpenApiDocument>(`/openapi/v3/${path}`).then((found) => found?.components?.schemas ?? {})
    this.#schemas.set(path, read)
    return read
  }

  /** Undefined where the server refuses: what is not known is not checked, and never keeps a policy from its status. */
  async #read<R>(path: string): Promise<R | undefined> {
    try {
      return await requestOrThrow<R>(this.#transport, { method: 'GET', path, signal: this.#signal })
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      return undefined
    }
  }
}

interface GroupList {
  readonly groups: readonly { readonly versions: readonly { readonly groupVersion: string }[] }[]
}

interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly singularName?: string; readonly kind: string }[]
}
