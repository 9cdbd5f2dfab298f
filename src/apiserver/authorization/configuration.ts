import { statSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import {
  duplicateField,
  invalidField,
  notSupportedField,
  requiredField,
  tooManyField,
} from '../../machinery/field-errors.ts'
import { DurationError, parseGoDuration } from '../../machinery/go-duration.ts'
import { subdomainErrors } from '../../machinery/label-syntax.ts'
import {
  asFields,
  asList,
  asString,
  ConfigurationError,
  type Fields,
  fieldError,
  parseConfiguration,
  refuseUnknown,
} from '../configuration/configuration-file.ts'
import { type AuthorizerType, authorizerTypes, isAuthorizerType } from './authorizer-types.ts'
import { compileMatchCondition, type MatchCondition } from './match-conditions.ts'
import type { WebhookAuthorizerOptions } from './webhook.ts'

/** One link of the chain; those before it are asked first. */
export type ConfiguredAuthorizer =
  | { readonly type: Exclude<AuthorizerType, 'Webhook'> }
  | { readonly type: 'Webhook'; readonly name: string; readonly webhook: WebhookAuthorizerOptions }

const file = {
  kind: 'AuthorizationConfiguration',
  apiVersions: ['v1', 'v1beta1', 'v1alpha1'].map((version) => `apiserver.config.k8s.io/${version}`),
}

const defaultAuthorizedTtl = '5m0s'
const defaultUnauthorizedTtl = '30s'
const maxTimeoutMs = 30_000
const maxMatchConditions = 64

/**
 * The authorizers of an AuthorizationConfiguration. `required`: types that must stay, since they were there at the
 * start. Throws a ConfigurationError. After apiserver apis/apiserver/validation and pkg/kubeapiserver/authorizer v1.36.
 */
export function parseAuthorizationConfiguration(
  text: string,
  required: readonly AuthorizerType[] = [],
): ConfiguredAuthorizer[] {
  const fields = parseConfiguration(text, file)
  refuseUnknown(fields, '', ['authorizers'])
  const items = asList(fields.authorizers, 'authorizers').map((item, index) => {
    const path = `authorizers[${index}]`
    const authorizer = asFields(item, path)
    refuseUnknown(authorizer, path, ['type', 'name', 'webhook'])
    return { authorizer, path }
  })
  if (items.length === 0)
    throw fieldError(requiredField('authorizers', 'at least one authorization mode must be defined'))
  const types: AuthorizerType[] = []
  const names: string[] = []
  const parsed = items.map(({ authorizer, path }) => {
    const type = typeOf(authorizer.type, `${path}.type`, types)
    const name = nameOf(authorizer.name, `${path}.name`, names)
    types.push(type)
    names.push(name)
    return parseAuthorizer({ type, name, webhook: authorizer.webhook, path })
  })
  const missing = required.filter((type) => !types.includes(type)).sort()
  if (missing.length > 0) throw new ConfigurationError(`missing required types: [${missing.join(' ')}]`)
  return parsed
}

function typeOf(value: unknown, path: string, seen: readonly AuthorizerType[]): AuthorizerType {
  const type = asString(value, path)
  if (type === '') throw fieldError(requiredField(path))
  if (!isAuthorizerType(type)) throw fieldError(notSupportedField(path, type, authorizerTypes))
  if (type !== 'Webhook' && seen.includes(type)) throw fieldError(duplicateField(path, type))
  return type
}

function nameOf(value: unknown, path: string, seen: readonly string[]): string {
  const name = asString(value, path)
  if (name === '') throw fieldError(requiredField(path))
  if (seen.includes(name)) throw fieldError(duplicateField(path, name))
  const errors = subdomainErrors(name)
  if (errors.length > 0) throw fieldError(invalidField(path, name, `authorizer name is invalid: ${errors.join(', ')}`))
  return name
}

interface NamedAuthorizer {
  readonly type: AuthorizerType
  readonly name: string
  readonly webhook: unknown
  readonly path: string
}

function parseAuthorizer({ type, name, webhook, path }: NamedAuthorizer): ConfiguredAuthorizer {
  if (type === 'Webhook') {
    if (webhook === undefined) throw fieldError(requiredField(`${path}.webhook`, 'required when type=Webhook'))
    return { type, name, webhook: parseWebhook(asFields(webhook, `${path}.webhook`), path) }
  }
  if (webhook !== undefined) {
    throw fieldError(invalidField(`${path}.webhook`, 'non-null', 'may only be specified when type=Webhook'))
  }
  if (name === type.toLowerCase()) return { type }
  throw new ConfigurationError(`expected name ${type.toLowerCase()} for authorizer ${type} instead of ${name}`)
}

/** `path` is the authorizer's: upstream's messages leave `webhook` out. */
function parseWebhook(fields: Fields, path: string): WebhookAuthorizerOptions {
  refuseUnknown(fields, `${path}.webhook`, [
    'authorizedTTL',
    'cacheAuthorizedRequests',
    'unauthorizedTTL',
    'cacheUnauthorizedRequests',
    'timeout',
    'subjectAccessReviewVersion',
    'matchConditionSubjectAccessReviewVersion',
    'failurePolicy',
    'connectionInfo',
    'matchConditions',
  ])
  const { authorizedTTL = defaultAuthorizedTtl, unauthorizedTTL = defaultUnauthorizedTtl } = fields
  const timeoutMs = timeoutOf(fields.timeout, `${path}.timeout`)
  const authorizedTtlMs = ttlOf(authorizedTTL, `${path}.authorizedTTL`)
  const unauthorizedTtlMs = ttlOf(unauthorizedTTL, `${path}.unauthorizedTTL`)
  const version = choice(fields.subjectAccessReviewVersion, `${path}.subjectAccessReviewVersion`, ['v1', 'v1beta1'])
  requireConditionVersion(fields, `${path}.matchConditionSubjectAccessReviewVersion`)
  const failurePolicy = choice(fields.failurePolicy, `${path}.failurePolicy`, ['NoOpinion', 'Deny'])
  return {
    timeoutMs,
    authorizedTtlMs: fields.cacheAuthorizedRequests === false ? 0 : authorizedTtlMs,
    unauthorizedTtlMs: fields.cacheUnauthorizedRequests === false ? 0 : unauthorizedTtlMs,
    version,
    failurePolicy,
    kubeconfigPath: kubeconfigPathOf(asFields(fields.connectionInfo, `${path}.connectionInfo`), path),
    matchConditions: parseMatchConditions(asList(fields.matchConditions, `${path}.matchConditions`), path),
  }
}

function choice<T extends string>(value: unknown, path: string, supported: readonly T[]): T {
  const text = asString(value, path)
  if (text === '') throw fieldError(requiredField(path))
  if ((supported as readonly string[]).includes(text)) return text as T
  throw fieldError(notSupportedField(path, text, supported))
}

function timeoutOf(value: unknown, path: string): number {
  const ms = durationOf(value, path)
  if (ms === 0) throw fieldError(requiredField(path))
  if (ms < 0 || ms > maxTimeoutMs) throw fieldError(invalidField(path, value, 'must be > 0s and <= 30s'))
  return ms
}

function ttlOf(value: unknown, path: string): number {
  const ms = durationOf(value, path)
  if (ms < 0) throw fieldError(invalidField(path, value, 'must be > 0s'))
  return ms
}

function durationOf(value: unknown, path: string): number {
  const text = asString(value, path)
  if (text === '') return 0
  try {
    return parseGoDuration(text)
  } catch (error) {
    if (!(error instanceof DurationError)) throw error
    throw new ConfigurationError(`${path}: ${error.message}`, { cause: error })
  }
}

function requireConditionVersion(
  { matchConditionSubjectAccessReviewVersion: value, matchConditions }: Fields,
  path: string,
) {
  const version = asString(value, path)
  if (version === '' && asList(matchConditions, path).length > 0) {
    throw fieldError(requiredField(path, 'required if match conditions are specified'))
  }
  if (version !== '' && version !== 'v1') throw fieldError(notSupportedField(path, version, ['v1']))
}

/** A server cannot know itself from inside the cluster it serves, and so there is only one way to say where. */
function kubeconfigPathOf(fields: Fields, authorizerPath: string): string {
  const path = `${authorizerPath}.connectionInfo`
  refuseUnknown(fields, path, ['type', 'kubeConfigFile'])
  choice(fields.type, `${path}.type`, ['KubeConfigFile'])
  const kubeconfig = asString(fields.kubeConfigFile, `${path}.kubeConfigFile`)
  if (kubeconfig === '') throw fieldError(requiredField(`${path}.kubeConfigFile`))
  const problem = fileProblem(kubeconfig)
  if (problem !== undefined) throw fieldError(invalidField(`${path}.kubeConfigFile`, kubeconfig, problem))
  return kubeconfig
}

function fileProblem(path: string): string | undefined {
  if (!isAbsolute(path)) return 'must be an absolute path'
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) return `error loading file: stat ${path}: no such file or directory`
  return found.isFile() ? undefined : 'must be a regular file'
}

function parseMatchConditions(items: readonly unknown[], authorizerPath: string): MatchCondition[] {
  const path = `${authorizerPath}.matchConditions`
  if (items.length > maxMatchConditions) throw fieldError(tooManyField(path, items.length, maxMatchConditions))
  const seen: string[] = []
  return items.map((item, index) => {
    const at = `${path}[${index}]`
    const fields = asFields(item, at)
    refuseUnknown(fields, at, ['expression'])
    const expression = asString(fields.expression, `${at}.expression`)
    if (expression.trim() === '') throw fieldError(requiredField(`${at}.expression`))
    if (seen.includes(expression)) throw fieldError(duplicateField(`${at}.expression`, expression))
    seen.push(expression)
    const compiled = compileMatchCondition(expression)
    if ('error' in compiled) throw fieldError(invalidField(`${at}.expression`, expression, compiled.error))
    return compiled
  })
}
