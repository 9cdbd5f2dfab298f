import {
  asFields,
  asList,
  asString,
  asStrings,
  ConfigurationError,
  type Fields,
  parseConfiguration,
  refuseUnknown,
} from '../configuration/configuration-file.ts'

export interface EncryptionKey {
  readonly name: string
  readonly secret: Buffer
}

export type EncryptionProvider =
  | { readonly type: 'identity' }
  | { readonly type: 'aesgcm' | 'aescbc' | 'secretbox'; readonly keys: readonly EncryptionKey[] }

/** `*` stands for all. */
export interface GroupResource {
  readonly group: string
  readonly resource: string
}

/** Which resources lie how. The first provider writes; all of them read. */
export interface EncryptionRule {
  readonly resources: readonly GroupResource[]
  readonly providers: readonly EncryptionProvider[]
}

const keyLengths = { aesgcm: [16, 24, 32], aescbc: [16, 24, 32], secretbox: [32] } as const
const providerTypes = ['aesgcm', 'aescbc', 'secretbox'] as const
const nonRestResources = ['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations']

/**
 * The rules of an EncryptionConfiguration (apiserver.config.k8s.io/v1), in order. Throws a ConfigurationError.
 * After apiserver apis/apiserver/validation/validation_encryption.go and server/options/encryptionconfig v1.36.
 */
export function parseEncryptionConfiguration(text: string): EncryptionRule[] {
  const kind = { kind: 'EncryptionConfiguration', apiVersions: ['apiserver.config.k8s.io/v1'] }
  const fields = parseConfiguration(text, kind)
  refuseUnknown(fields, '', ['resources'])
  const list = asList(fields.resources, 'resources')
  if (list.length === 0) throw required('resources', 'at least one resources is required')
  const rules = list.map((item, index) => parseRule(asFields(item, `resources[${index}]`), `resources[${index}]`))
  refuseMasked(rules)
  return rules
}

function parseRule(fields: Fields, path: string): EncryptionRule {
  refuseUnknown(fields, path, ['resources', 'providers'])
  const resourcesPath = `${path}.resources`
  const names = asStrings(fields.resources, resourcesPath)
  if (names.length === 0) throw required(resourcesPath, `at least one ${resourcesPath} is required`)
  refuseOverlap(names, resourcesPath)
  for (const [index, name] of names.entries()) checkResourceName(name, `${resourcesPath}[${index}]`)
  const providersPath = `${path}.providers`
  const providers = asList(fields.providers, providersPath)
  if (providers.length === 0) throw required(providersPath, `at least one ${providersPath} is required`)
  return {
    resources: names.map(parseGroupResource),
    providers: providers.map((provider, index) => {
      const at = `${providersPath}[${index}]`
      return parseProvider(asFields(provider, at), at)
    }),
  }
}

function parseProvider(fields: Fields, path: string): EncryptionProvider {
  refuseUnknown(fields, path, ['identity', 'kms', ...providerTypes])
  const named = Object.keys(fields)
  if (named.length === 0) {
    const expected = 'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity'
    throw new ConfigurationError(`${path}: Invalid value: {}: ${expected}`)
  }
  if (named.length > 1) {
    const split = 'more than one provider specified in a single element, should split into different list elements'
    throw new ConfigurationError(`${path}: Invalid value: ${split}`)
  }
  if (fields.kms !== undefined) throw new ConfigurationError(`${path}.kms: KMS plugins are not supported`)
  const type = providerTypes.find((candidate) => candidate in fields)
  if (!type) return { type: 'identity' }
  const keysPath = `${path}.${type}.keys`
  const keys = asList(asFields(fields[type], `${path}.${type}`).keys, keysPath)
  if (keys.length === 0) throw required(keysPath, 'at least one keys is required')
  return {
    type,
    keys: keys.map((key, index) => {
      const at = `${keysPath}[${index}]`
      return parseKey(asFields(key, at), at, keyLengths[type])
    }),
  }
}

function parseKey(fields: Fields, path: string, lengths: readonly number[]): EncryptionKey {
  const name = asString(fields.name, `${path}.name`)
  const secret = asString(fields.secret, `${path}.secret`)
  if (name === '') throw required(`${path}.name`, 'name is a mandatory field for a key')
  if (secret === '') throw required(`${path}.secret`, 'secret is a mandatory field for a key')
  const bytes = Buffer.from(secret, 'base64')
  const refuse = (why: string) => new ConfigurationError(`${path}.secret: Invalid value: "REDACTED": ${why}`)
  if (bytes.toString('base64') !== secret.trim()) throw refuse('secrets must be base64 encoded')
  if (lengths.includes(bytes.length)) return { name, secret: bytes }
  throw refuse(`secret is not of the expected length, got ${bytes.length}, expected one of [${lengths.join(' ')}]`)
}

/** `secrets`, `deployments.apps`, `*.apps`, `*.` (the core group), `*.*`. */
function parseGroupResource(name: string): GroupResource {
  const dot = name.indexOf('.')
  return dot < 0 ? { group: '', resource: name } : { group: name.slice(dot + 1), resource: name.slice(0, dot) }
}

function checkResourceName(name: string, path: string): void {
  const why = whyNoResource(name, parseGroupResource(name))
  if (why !== undefined) throw new ConfigurationError(`${path}: Invalid value: ${JSON.stringify(name)}: ${why}`)
}

function whyNoResource(name: string, { group, resource }: GroupResource): string | undefined {
  if (/[A-Z]/.test(name)) return 'resource name should not contain capital letters'
  if (name === '*') {
    return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources"
  }
  if (nonRestResources.includes(name)) return 'resources which do not have REST API/s cannot be encrypted'
  if (group === 'events.k8s.io') {
    return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file"
  }
  if (group === 'extensions') return "'extensions' group has been removed and cannot be used for encryption"
  if (group === '*' && resource !== '*') return 'encrypting the same resource across groups is not supported'
  return undefined
}

function refuseOverlap(names: readonly string[], path: string): void {
  const refuse = (why: string) => {
    const shown = `[${names.map((name) => JSON.stringify(name)).join(',')}]`
    return new ConfigurationError(`${path}: Invalid value: ${shown}: ${why}`)
  }
  if (new Set(names).size < names.length) throw refuse('the same resource cannot be specified multiple times')
  const parsed = names.map(parseGroupResource)
  const overlaps = parsed.some((one, index) => parsed.some((other, at) => at !== index && covers(one, other)))
  if (!overlaps) return
  throw refuse(
    "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked",
  )
}

function covers(wide: GroupResource, narrow: GroupResource): boolean {
  if (wide.group === '*') return true
  return wide.group === narrow.group && wide.resource === '*'
}

function refuseMasked(rules: readonly EncryptionRule[]): void {
  const earlier: GroupResource[] = []
  for (const { resources } of rules) {
    for (const resource of resources) {
      const mask = earlier.find((wide) => wide.resource === '*' && covers(wide, resource))
      if (!mask) continue
      const names = [resource, mask].map((each) => JSON.stringify(nameOf(each)))
      throw new ConfigurationError(`resource ${names[0]} is masked by earlier rule ${names[1]}`)
    }
    earlier.push(...resources)
  }
}

/** As the file has it: the core group's name is empty, and only `*.` shows where it would stand. */
function nameOf({ group, resource }: GroupResource): string {
  return group === '' && resource !== '*' ? resource : `${resource}.${group}`
}

function required(path: string, why: string): ConfigurationError {
  return new ConfigurationError(`${path}: Required value: ${why}`)
}
