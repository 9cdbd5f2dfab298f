import type { FieldError } from '../../machinery/errors.ts'
import { duplicateField, invalidField, requiredField } from '../../machinery/field-errors.ts'
import { labelKeyErrors } from '../../machinery/label-syntax.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type {
  MutatingWebhook,
  RuleWithOperations,
  ValidatingWebhook,
  WebhookClientConfig,
} from '../types/admissionregistration/v1.ts'
import { checkForm, checkOneOf } from './checks.ts'
import { inclusiveRange, serviceLabelErrors, subdomainNameErrors } from './formats.ts'
import { checkLabelSelector } from './label-selector.ts'

/** Webhook configurations; CEL expressions apart. After pkg/apis/admissionregistration/validation. */

type Webhook = DeepReadonly<Partial<MutatingWebhook & ValidatingWebhook>>

export function validateWebhooks({ webhooks }: { readonly webhooks?: readonly Webhook[] }): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  webhooks?.forEach((webhook, index) => {
    const { name = '', admissionReviewVersions = [] } = webhook
    const path = `webhooks[${index}]`
    checkWebhook(webhook, path, errors)
    checkReviewVersions(admissionReviewVersions, `${path}.admissionReviewVersions`, errors)
    if (name === '') return
    if (names.has(name)) errors.push(duplicateField(`${path}.name`, name))
    names.add(name)
  })
  return errors
}

const maxTimeoutSeconds = 30
const safeSideEffects = ['None', 'NoneOnDryRun']

function checkWebhook(webhook: Webhook, path: string, errors: FieldError[]): void {
  checkFullName(webhook.name ?? '', `${path}.name`, errors)
  webhook.rules?.forEach((rule, index) => {
    checkRule(rule, `${path}.rules[${index}]`, errors)
  })
  checkOptional(webhook.failurePolicy, ['Fail', 'Ignore'], `${path}.failurePolicy`, errors)
  checkOptional(webhook.matchPolicy, ['Equivalent', 'Exact'], `${path}.matchPolicy`, errors)
  if (webhook.sideEffects === undefined) {
    errors.push(requiredField(`${path}.sideEffects`, `must specify one of ${safeSideEffects.join(', ')}`))
  } else checkOneOf(webhook.sideEffects, safeSideEffects, `${path}.sideEffects`, errors)
  const timeout = webhook.timeoutSeconds
  if (timeout !== undefined && (timeout < 1 || timeout > maxTimeoutSeconds)) {
    const why = `the timeout value must be between 1 and ${maxTimeoutSeconds} seconds`
    errors.push(invalidField(`${path}.timeoutSeconds`, timeout, why))
  }
  checkLabelSelector(webhook.namespaceSelector, `${path}.namespaceSelector`, errors)
  checkLabelSelector(webhook.objectSelector, `${path}.objectSelector`, errors)
  checkOptional(webhook.reinvocationPolicy, ['IfNeeded', 'Never'], `${path}.reinvocationPolicy`, errors)
  checkClientConfig(webhook.clientConfig ?? {}, `${path}.clientConfig`, errors)
  checkConditionNames(webhook, `${path}.matchConditions`, errors)
}

function checkOptional(
  value: string | undefined,
  supported: readonly string[],
  path: string,
  errors: FieldError[],
): void {
  if (value !== undefined) checkOneOf(value, supported, path, errors)
}

/** After utilvalidation.IsFullyQualifiedName: a subdomain of three labels at least. */
function checkFullName(name: string, path: string, errors: FieldError[]): void {
  if (name === '') return void errors.push(requiredField(path))
  const why = subdomainNameErrors(name)
  for (const reason of why) errors.push(invalidField(path, name, reason))
  if (why.length === 0 && name.split('.').length < 3) {
    errors.push(invalidField(path, name, 'should be a domain with at least three segments separated by dots'))
  }
}

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']

function checkRule(rule: DeepReadonly<Partial<RuleWithOperations>>, path: string, errors: FieldError[]): void {
  checkList(rule.operations, 'operations', `${path}.operations`, errors)
  rule.operations?.forEach((operation, index) => {
    checkOneOf(operation, operations, `${path}.operations[${index}]`, errors)
  })
  checkList(rule.apiGroups, 'API groups', `${path}.apiGroups`, errors)
  checkList(rule.apiVersions, 'API versions', `${path}.apiVersions`, errors)
  rule.apiVersions?.forEach((version, index) => {
    if (version === '') errors.push(requiredField(`${path}.apiVersions[${index}]`))
  })
  checkResources(rule.resources ?? [], `${path}.resources`, errors)
  checkOptional(rule.scope, ['*', 'Cluster', 'Namespaced'], `${path}.scope`, errors)
}

function checkList(values: readonly string[] = [], called: string, path: string, errors: FieldError[]): void {
  if (values.length === 0) errors.push(requiredField(path))
  if (values.length > 1 && values.includes('*')) {
    errors.push(invalidField(path, values, `if '*' is present, must not specify other ${called}`))
  }
}

function checkResources(resources: readonly string[], path: string, errors: FieldError[]): void {
  if (resources.length === 0) errors.push(requiredField(path))
  const seen = new Set<string>()
  for (const [index, text] of resources.entries()) {
    const wildcard = widerWildcard(text, seen)
    const at = `${path}[${index}]`
    if (text === '') errors.push(requiredField(at))
    else if (wildcard) {
      errors.push(invalidField(at, text, `if '${wildcard}' is present, must not specify ${text}`))
    }
    seen.add(text)
  }
  if (resources.length > 1 && seen.has('*/*')) {
    errors.push(invalidField(path, resources, "if '*/*' is present, must not specify other resources"))
  }
}

/** The wildcard named before that covers `text` already. */
function widerWildcard(text: string, seen: ReadonlySet<string>): string | undefined {
  const [resource = '', subresource] = text.split('/')
  const wider = subresource === undefined ? ['*/*', '*'] : ['*/*', `*/${subresource}`, `${resource}/*`]
  return wider.find((wildcard) => seen.has(wildcard))
}

function checkClientConfig(
  { url, service }: DeepReadonly<WebhookClientConfig>,
  path: string,
  errors: FieldError[],
): void {
  if ((url === undefined) === (service === undefined)) {
    return void errors.push(requiredField(path, 'exactly one of url or service is required'))
  }
  if (url !== undefined) return void checkUrl(url, `${path}.url`, errors)
  const { name = '', namespace = '', port = 0 } = service as Partial<NonNullable<typeof service>>
  if (name === '') errors.push(requiredField(`${path}.service.name`))
  if (namespace === '') errors.push(requiredField(`${path}.service.namespace`))
  if (port < 1 || port > 65_535) {
    errors.push(invalidField(`${path}.service.port`, port, `port is not valid: ${inclusiveRange(1, 65_535)}`))
  }
}

const form = 'desired format: https://host[/path]'

function checkUrl(text: string, path: string, errors: FieldError[]): void {
  const url = URL.parse(text)
  if (!url) return void errors.push(requiredField(path, `url must be a valid URL; ${form}`))
  if (url.protocol !== 'https:') {
    const why = `'https' is the only allowed URL scheme; ${form}`
    errors.push(invalidField(path, url.protocol.replace(/:$/, ''), why))
  }
  if (url.host === '') errors.push(invalidField(path, '', `host must be specified; ${form}`))
  const user = [url.username, url.password].filter((part) => part !== '').join(':')
  if (user !== '') errors.push(invalidField(path, user, 'user information is not permitted in the URL'))
  if (url.hash !== '') errors.push(invalidField(path, url.hash.slice(1), 'fragments are not permitted in the URL'))
  if (url.search !== '') {
    errors.push(invalidField(path, url.search.slice(1), 'query parameters are not permitted in the URL'))
  }
}

function checkConditionNames({ matchConditions }: Webhook, path: string, errors: FieldError[]): void {
  const names = new Set<string>()
  matchConditions?.forEach(
    ({ name = '', expression = '' }: { readonly name?: string; readonly expression?: string }, index) => {
      const at = `${path}[${index}]`
      if (expression.trim() === '') errors.push(requiredField(`${at}.expression`))
      if (name === '') errors.push(requiredField(`${at}.name`))
      else {
        checkForm(labelKeyErrors, name, `${at}.name`, errors)
        if (names.has(name)) errors.push(duplicateField(`${at}.name`, name))
        names.add(name)
      }
    },
  )
}

const reviewVersions = ['v1', 'v1beta1']

function checkReviewVersions(versions: readonly string[], path: string, errors: FieldError[]): void {
  const accepted = reviewVersions.join(', ')
  if (versions.length === 0) return void errors.push(requiredField(path, `must specify one of ${accepted}`))
  const seen = new Set<string>()
  for (const [index, version] of versions.entries()) {
    const why = seen.has(version) ? ['duplicate version'] : serviceLabelErrors(version)
    seen.add(version)
    if (why.length > 0) errors.push(invalidField(`${path}[${index}]`, version, why.join(',')))
  }
  if (!versions.some((version) => reviewVersions.includes(version))) {
    errors.push(invalidField(path, versions, `must include at least one of ${accepted}`))
  }
}
