import type { FieldError } from '../../machinery/errors.ts'
import { invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type {
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from '../types/core/v1.ts'
import { checkConfigKey, checkForm, checkLabelForm, checkQualifiedName, checkRequiredName } from './checks.ts'
import { backstepErrors, environmentNameErrors, subdomainNameErrors } from './formats.ts'

/** Environment variables and the downward API. After pkg/apis/core/validation ValidateEnv, ValidateEnvFrom. */

export function checkEnvironment(
  variables: readonly DeepReadonly<EnvVar>[] | undefined,
  path: string,
  errors: FieldError[],
): void {
  variables?.forEach(({ name, value, valueFrom }, index) => {
    const at = `${path}[${index}]`
    if (!name) errors.push(requiredField(`${at}.name`))
    else checkForm(environmentNameErrors, name, `${at}.name`, errors)
    if (valueFrom) checkValueFrom(valueFrom, value ?? '', `${at}.valueFrom`, errors)
  })
}

const environmentFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]

function checkValueFrom(source: DeepReadonly<EnvVarSource>, value: string, path: string, errors: FieldError[]): void {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source
  if (fieldRef) checkFieldRef(fieldRef, environmentFields, `${path}.fieldRef`, errors)
  if (resourceFieldRef) checkResourceFieldRef(resourceFieldRef, `${path}.resourceFieldRef`, errors)
  if (configMapKeyRef) checkKeyRef(configMapKeyRef, `${path}.configMapKeyRef`, errors)
  if (secretKeyRef) checkKeyRef(secretKeyRef, `${path}.secretKeyRef`, errors)
  if (fileKeyRef) checkFileKeyRef(fileKeyRef, `${path}.fileKeyRef`, errors)
  const count = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter(Boolean).length
  if (count === 0) {
    const names = '`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'
    errors.push(invalidField(path, '', `must specify one of: ${names}`))
  } else if (value !== '') {
    errors.push(invalidField(path, '', 'may not be specified when `value` is not empty'))
  } else if (count > 1) {
    errors.push(invalidField(path, '', 'may not have more than one field specified at a time'))
  }
}

interface KeyRef {
  readonly name?: string
  readonly key?: string
}

function checkKeyRef({ name = '', key }: KeyRef, path: string, errors: FieldError[]): void {
  checkForm(subdomainNameErrors, name, `${path}.name`, errors)
  checkConfigKey(key, `${path}.key`, errors)
}

function checkFileKeyRef(
  { key, volumeName, path: file }: { readonly key?: string; readonly volumeName?: string; readonly path?: string },
  path: string,
  errors: FieldError[],
): void {
  if (!key) errors.push(requiredField(`${path}.key`))
  else checkForm(environmentNameErrors, key, `${path}.key`, errors)
  if (!volumeName) errors.push(requiredField(`${path}.volumeName`))
  else checkLabelForm(volumeName, `${path}.volumeName`, errors)
  if (!file) errors.push(requiredField(`${path}.path`))
  else checkForm(backstepErrors, file, `${path}.path`, errors)
}

/** What the downward API knows beside what environment variables may take. */
const knownFields = new Set([
  ...environmentFields,
  'metadata.annotations',
  'metadata.labels',
  'spec.restartPolicy',
  'status.phase',
  'status.message',
  'spec.schedulerName',
])

export function checkFieldRef(
  { apiVersion, fieldPath }: DeepReadonly<ObjectFieldSelector>,
  supported: readonly string[],
  path: string,
  errors: FieldError[],
): void {
  if (!apiVersion) errors.push(requiredField(`${path}.apiVersion`))
  else if (!fieldPath) errors.push(requiredField(`${path}.fieldPath`))
  else checkFieldPath(apiVersion, fieldPath, { supported, path, errors })
}

interface FieldPathCheck {
  readonly supported: readonly string[]
  readonly path: string
  readonly errors: FieldError[]
}

function checkFieldPath(apiVersion: string, fieldPath: string, { supported, path, errors }: FieldPathCheck): void {
  const why = (text: string) =>
    errors.push(invalidField(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${text}`))
  if (apiVersion !== 'v1') return void why(`unsupported pod version: ${apiVersion}`)
  const subscripted = /^([^[\]]+)\['(.*)'\]$/s.exec(fieldPath)
  if (subscripted) {
    const [, base, key] = subscripted
    if (base === 'metadata.annotations') checkQualifiedName(key!.toLowerCase(), path, errors)
    else if (base === 'metadata.labels') checkQualifiedName(key!, path, errors)
    else why(`field label does not support subscript: ${fieldPath}`)
    return
  }
  if (!knownFields.has(fieldPath)) why(`field label not supported: ${fieldPath}`)
  else if (!supported.includes(fieldPath)) errors.push(notSupportedField(`${path}.fieldPath`, fieldPath, supported))
}

const resourceFields = ['cpu', 'ephemeral-storage', 'memory']
  .flatMap((name) => [`limits.${name}`, `requests.${name}`])
  .sort()

const byteDivisors = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']

/** The divisors that a resource's field allows, and what the field is called in errors. */
const divisors: Readonly<Record<string, { allowed: readonly string[]; text: string; what: string }>> = {
  cpu: { allowed: ['1m', '1'], text: '1m and 1', what: 'cpu' },
  memory: { allowed: byteDivisors, text: byteDivisors.join(', '), what: 'memory' },
  'ephemeral-storage': { allowed: byteDivisors, text: byteDivisors.join(', '), what: 'local ephemeral storage' },
  hugepages: { allowed: byteDivisors, text: byteDivisors.join(', '), what: 'hugepages' },
}

export function checkResourceFieldRef(
  { containerName, resource = '', divisor = '0' }: DeepReadonly<Partial<ResourceFieldSelector>>,
  path: string,
  errors: FieldError[],
  { needsContainer = false } = {},
): void {
  const isHugePages = /^(limits|requests)\.hugepages-/.test(resource)
  if (needsContainer && !containerName) errors.push(requiredField(`${path}.containerName`))
  else if (resource === '') errors.push(requiredField(`${path}.resource`))
  else if (!resourceFields.includes(resource) && !isHugePages) {
    errors.push(notSupportedField(`${path}.resource`, resource, resourceFields))
  }
  const rule = divisors[isHugePages ? 'hugepages' : resource.replace(/^(limits|requests)\./, '')]
  if (divisor === '0' || !rule || rule.allowed.includes(divisor)) return
  const why = `only divisor's values ${rule.text} are supported with the ${rule.what} resource`
  errors.push(invalidField(`${path}.divisor`, resource, why))
}

export function checkEnvironmentFrom(
  sources: readonly DeepReadonly<EnvFromSource>[] | undefined,
  path: string,
  errors: FieldError[],
): void {
  sources?.forEach(({ prefix, configMapRef, secretRef }, index) => {
    const at = `${path}[${index}]`
    if (prefix) checkForm(environmentNameErrors, prefix, `${at}.prefix`, errors)
    if (configMapRef) checkRequiredName(configMapRef.name, `${at}.configMapRef.name`, errors)
    if (secretRef) checkRequiredName(secretRef.name, `${at}.secretRef.name`, errors)
    if (!configMapRef && !secretRef) {
      errors.push(invalidField(path, '', 'must specify one of: `configMapRef` or `secretRef`'))
    } else if (configMapRef && secretRef) {
      errors.push(invalidField(path, '', 'may not have more than one field specified at a time'))
    }
  })
}
