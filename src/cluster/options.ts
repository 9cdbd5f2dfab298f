import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import type { LogLevel } from '../platform/log.ts'
import { type ApiServerFlags, apiServerFlags } from './api-server-flags.ts'
import { refuseConflicts } from './flag-conflicts.ts'
import { kebabCase, type OptionReader, oneOf, text, wholeNumber } from './option-readers.ts'
import { OptionError } from './usage-error.ts'

/** What `kubets up` and `Cluster.start` can be told. Command line flags, `KUBETS_…` and `--config` use the same names. */
export interface ClusterOptions extends ApiServerFlags {
  readonly dataDir: string
  /** 0 takes any free port. */
  readonly port: number
  readonly bindAddress: string
  /** Nodes that run Pods; 0 is a control plane alone and needs no root. */
  readonly nodes: number
  /** Hollow nodes, which only say that they run Pods. */
  readonly simulateNodes: number
  readonly components: readonly Component[]
  /** `sqlite`, or `etcd://host:port[,host:port…]`. */
  readonly datastore: string
  readonly serviceCidr: string
  readonly clusterCidr: string
  readonly clusterDomain: string
  readonly logLevel: LogLevel
  /** The first node's name; further ones get `-2`, `-3`… */
  readonly nodeName: string
  /** Where static Pods are read from on every node; `undefined`: `<data-dir>/manifests`. */
  readonly podManifestPath: string | undefined
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const satisfies LogLevel[]

export const components = ['apiserver', 'scheduler', 'controllers', 'node'] as const
export type Component = (typeof components)[number]

/** The defaults, which depend on who runs it. */
export function defaultOptions(): ClusterOptions {
  return {
    dataDir: isRoot() ? '/var/lib/kubets' : join(homedir(), '.kubets'),
    port: 6443,
    bindAddress: '0.0.0.0',
    nodes: 1,
    simulateNodes: 0,
    components,
    datastore: 'sqlite',
    serviceCidr: '10.96.0.0/12',
    clusterCidr: '10.244.0.0/16',
    clusterDomain: 'cluster.local',
    logLevel: 'warn',
    nodeName: hostname().toLowerCase(),
    podManifestPath: undefined,
  }
}

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

type RawOptions = Readonly<Record<string, unknown>>

type Readers = { readonly [K in keyof ClusterOptions]-?: OptionReader<ClusterOptions[K]> }

const apiServerReaders = Object.fromEntries(
  Object.entries(apiServerFlags).map(([name, { read }]) => [name, read]),
) as unknown as Pick<Readers, keyof ApiServerFlags>

/** One reader a key. */
const readers: Readers = {
  dataDir: text,
  port: (key, value) => wholeNumber(key, value, 65_535),
  bindAddress: text,
  nodes: (key, value) => wholeNumber(key, value, 64),
  simulateNodes: (key, value) => wholeNumber(key, value, 100_000),
  components: readComponents,
  datastore: readDatastore,
  serviceCidr: readCidr,
  clusterCidr: readCidr,
  clusterDomain: text,
  logLevel: oneOf(logLevels),
  nodeName: text,
  podManifestPath: text,
  ...apiServerReaders,
}

/**
 * Lays the sources over the defaults, the last one winning. Keys are `dataDir` or `data-dir`; an `undefined` value
 * counts as not given. Throws an OptionError for an unknown key or a value that makes no sense, alone or with others.
 */
export function resolveOptions(...sources: readonly RawOptions[]): ClusterOptions {
  const options: Record<string, unknown> = { ...defaultOptions() }
  for (const source of sources) {
    for (const [key, value] of Object.entries(source)) {
      if (value === undefined) continue
      const name = key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
      if (!Object.hasOwn(readers, name))
        throw new OptionError(`unknown option ${JSON.stringify(key)}; known are ${knownKeys()}`)
      options[name] = readers[name as keyof ClusterOptions](key, value)
    }
  }
  const resolved = options as unknown as ClusterOptions
  refuseConflicts(resolved)
  return resolved
}

/** The `KUBETS_…` variables as options: `KUBETS_DATA_DIR` is `data-dir`. */
export function optionsFromEnvironment(environment: Readonly<Record<string, string | undefined>>): RawOptions {
  const options: Record<string, string | undefined> = {}
  for (const name of Object.keys(readers)) {
    const key = kebabCase(name)
    options[key] = environment[`KUBETS_${key.replaceAll('-', '_').toUpperCase()}`]
  }
  return options
}

function knownKeys(): string {
  return Object.keys(readers).map(kebabCase).join(', ')
}

function readComponents(key: string, value: unknown): readonly Component[] {
  const names = Array.isArray(value) ? value.map(String) : text(key, value).split(',')
  for (const name of names) {
    if (!(components as readonly string[]).includes(name)) {
      throw new OptionError(
        `${key}: there is no component ${JSON.stringify(name)}; choose from ${components.join(', ')}`,
      )
    }
  }
  return names as Component[]
}

function readDatastore(key: string, value: unknown): string {
  const datastore = text(key, value)
  if (datastore !== 'sqlite' && !/^etcds?:\/\/[^/]+$/.test(datastore)) {
    throw new OptionError(`${key} must be sqlite or etcd://host:port[,host:port…], not ${JSON.stringify(value)}`)
  }
  return datastore
}

function readCidr(key: string, value: unknown): string {
  const cidr = text(key, value)
  if (!/^[0-9a-fA-F.:]+\/\d{1,3}$/.test(cidr))
    throw new OptionError(`${key} must be a network such as 10.96.0.0/12, not ${JSON.stringify(value)}`)
  return cidr
}
