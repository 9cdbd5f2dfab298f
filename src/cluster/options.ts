import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import type { LogLevel } from '../platform/log.ts'

/** What `kubets up` and `Cluster.start` can be told. Command line flags, `KUBETS_…` and `--config` use the same names. */
export interface ClusterOptions {
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
  /** Upstream's CSV of static tokens: token, user, uid, "group,…". */
  readonly tokenAuthFile: string | undefined
  /** How values are encrypted at rest: upstream's EncryptionConfiguration, a file. */
  readonly encryptionProviderConfig: string | undefined
  /** Whether changes of that file count while kubets runs. */
  readonly encryptionProviderConfigAutomaticReload: boolean
  readonly serviceCidr: string
  readonly clusterCidr: string
  readonly clusterDomain: string
  readonly logLevel: LogLevel
  /** The first node's name; further ones get `-2`, `-3`… */
  readonly nodeName: string
  /** Where static Pods are read from on every node; `undefined`: `<data-dir>/manifests`. */
  readonly podManifestPath: string | undefined
}

export const components = ['apiserver', 'scheduler', 'controllers', 'node'] as const
export type Component = (typeof components)[number]

/** A mistake of the user's, or something the machine lacks: shown as this one sentence, exit code 1, no stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

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
    tokenAuthFile: undefined,
    encryptionProviderConfig: undefined,
    encryptionProviderConfigAutomaticReload: false,
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

/** One reader a key: text or YAML value in, checked value out. Throws a UsageError that names the key. */
const readers: { readonly [K in keyof ClusterOptions]: (key: string, value: unknown) => ClusterOptions[K] } = {
  dataDir: text,
  port: (key, value) => wholeNumber(key, value, 65_535),
  bindAddress: text,
  nodes: (key, value) => wholeNumber(key, value, 64),
  simulateNodes: (key, value) => wholeNumber(key, value, 100_000),
  components: readComponents,
  datastore: readDatastore,
  tokenAuthFile: text,
  encryptionProviderConfig: text,
  encryptionProviderConfigAutomaticReload: yesOrNo,
  serviceCidr: readCidr,
  clusterCidr: readCidr,
  clusterDomain: text,
  logLevel: readLogLevel,
  nodeName: text,
  podManifestPath: text,
}

/**
 * Lays the sources over the defaults, the last one winning. Keys are `dataDir` or `data-dir`; an `undefined` value
 * counts as not given. Throws a UsageError for an unknown key or a value that makes no sense.
 */
export function resolveOptions(...sources: readonly RawOptions[]): ClusterOptions {
  const options: Record<string, unknown> = { ...defaultOptions() }
  for (const source of sources) {
    for (const [key, value] of Object.entries(source)) {
      if (value === undefined) continue
      const name = key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
      if (!Object.hasOwn(readers, name))
        throw new UsageError(`unknown option ${JSON.stringify(key)}; known are ${knownKeys()}`)
      options[name] = readers[name as keyof ClusterOptions](key, value)
    }
  }
  return options as unknown as ClusterOptions
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

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function text(key: string, value: unknown): string {
  if (typeof value !== 'string' || value === '')
    throw new UsageError(`${key} must be a text, not ${JSON.stringify(value)}`)
  return value
}

function wholeNumber(key: string, value: unknown, most: number): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > most) {
    throw new UsageError(`${key} must be a whole number from 0 to ${most}, not ${JSON.stringify(value)}`)
  }
  return number
}

function yesOrNo(key: string, value: unknown): boolean {
  if (value === true || value === 'true') return true
  if (value === false || value === 'false') return false
  throw new UsageError(`${key} must be true or false, not ${JSON.stringify(value)}`)
}

function readComponents(key: string, value: unknown): readonly Component[] {
  const names = Array.isArray(value) ? value.map(String) : text(key, value).split(',')
  for (const name of names) {
    if (!(components as readonly string[]).includes(name)) {
      throw new UsageError(
        `${key}: there is no component ${JSON.stringify(name)}; choose from ${components.join(', ')}`,
      )
    }
  }
  return names as Component[]
}

function readDatastore(key: string, value: unknown): string {
  const datastore = text(key, value)
  if (datastore !== 'sqlite' && !/^etcds?:\/\/[^/]+$/.test(datastore)) {
    throw new UsageError(`${key} must be sqlite or etcd://host:port[,host:port…], not ${JSON.stringify(value)}`)
  }
  return datastore
}

function readCidr(key: string, value: unknown): string {
  const cidr = text(key, value)
  if (!/^[0-9a-fA-F.:]+\/\d{1,3}$/.test(cidr))
    throw new UsageError(`${key} must be a network such as 10.96.0.0/12, not ${JSON.stringify(value)}`)
  return cidr
}

const logLevels: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] satisfies LogLevel[]

function readLogLevel(key: string, value: unknown): LogLevel {
  const level = text(key, value)
  if (!logLevels.includes(level))
    throw new UsageError(`${key} must be one of ${logLevels.join(', ')}, not ${JSON.stringify(value)}`)
  return level as LogLevel
}
