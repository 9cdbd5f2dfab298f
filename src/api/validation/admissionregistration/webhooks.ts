import type { FieldError } from '../../../machinery/errors.ts'
import { duplicateField, invalidField, requiredField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { MatchCondition, MutatingWebhook, ValidatingWebhook } from '../../types/admissionregistration/v1.ts'
import { checkOneOf } from '../checks.ts'
import { serviceLabelErrors, subdomainNameErrors } from '../formats.ts'
import { checkLabelSelector, isInvalidSelector } from '../label-selector.ts'
import { checkWebhookService, checkWebhookUrl } from './client-config.ts'
import { checkMatchConditions } from './match-conditions.ts'
import { checkMatchPolicy, checkOptional, checkRule } from './rules.ts'

/** Webhook configurations. After pkg/apis/admissionregistration/validation v1.36. */

type Webhook = DeepReadonly<Partial<MutatingWebhook & ValidatingWebhook>>

interface Configuration {
  readonly webhooks?: readonly Webhook[]
}

/** What was let in once may stay. */
interface Leniency {
  readonly sideEffects: boolean
  readonly unknownReviewVersions: boolean
  readonly repeatedNames: boolean
  readonly invalidSelectorValues: boolean
  /** Match conditions are as they were. */
  readonly matchConditions: boolean
}

const strict: Leniency = {
  sideEffects: false,
  unknownReviewVersions: false,
  repeatedNames: false,
  invalidSelectorValues: false,
  matchConditions: false,
}

export function validateWebhooks(configuration: Configuration): FieldError[] {
  return checkWebhooks(configuration, strict)
}

export function validateWebhooksUpdate(configuration: Configuration, old: Configuration): FieldError[] {
  return checkWebhooks(configuration, leniencyOf(configuration.webhooks ?? [], old.webhooks ?? []))
}

const safeSideEffects = ['None', 'NoneOnDryRun']
const reviewVersions = ['v1', 'v1beta1']

function leniencyOf(webhooks: readonly Webhook[], old: readonly Webhook[]): Leniency {
  const names = old.map(({ name }) => name)
  return {
    sideEffects: !old.every(({ sideEffects = '' }) => safeSideEffects.includes(sideEffects)),
    unknownReviewVersions: !old.every(
      ({ admissionReviewVersions: versions }) =>
        !versions?.length || versions.some((version) => reviewVersions.includes(version)),
    ),
    repeatedNames: new Set(names).size < names.length,
    invalidSelectorValues: old.some(
      ({ namespaceSelector, objectSelector }) =>
        isInvalidSelector(namespaceSelector) || isInvalidSelector(objectSelector),
    ),
    matchConditions:
      webhooks.length === old.length &&
      webhooks.every(({ matchConditions }, index) => isSame(matchConditions, old[index]!.matchConditions)),
  }
}

type Conditions = readonly DeepReadonly<MatchCondition>[]

function isSame(left: Conditions = [], right: Conditions = []): boolean {
  return (
    left.length === right.length &&
    left.every(({ name, expression }, index) => name === right[index]!.name && expression === right[index]!.expression)
  )
}

function checkWebhooks({ webhooks }: Configuration, leniency: Leniency): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  webhooks?.forEach((webhook, index) => {
    const path = `webhooks[${index}]`
    const { name = '' } = webhook
    checkWebhook(webhook, leniency, path, errors)
    const versionsPath = `${path}.admissionReviewVersions`
    checkReviewVersions(webhook.admissionReviewVersions ?? [], leniency.unknownReviewVersions, versionsPath, errors)
    if (name === '' || leniency.repeatedNames) return
    if (names.has(name)) errors.push(duplicateField(`${path}.name`, name))
    names.add(name)
  })
  return errors
}

const maxTimeoutSeconds = 30

function checkWebhook(webhook: Webhook, leniency: Leniency, path: string, errors: FieldError[]): void {
  checkFullName(webhook.name ?? '', `${path}.name`, errors)
  webhook.rules?.forEach((rule, index) => {
    checkRule(rule, `${path}.rules[${index}]`, errors)
  })
  checkOptional(webhook.failurePolicy, ['Fail', 'Ignore'], `${path}.failurePolicy`, errors)
  checkMatchPolicy(webhook.matchPolicy, `${path}.matchPolicy`, errors)
  checkSideEffects(webhook.sideEffects, leniency.sideEffects, `${path}.sideEffects`, errors)
  const timeout = webhook.timeoutSeconds
  if (timeout !== undefined && (timeout < 1 || timeout > maxTimeoutSeconds)) {
    const why = `the timeout value must be between 1 and ${maxTimeoutSeconds} seconds`
    errors.push(invalidField(`${path}.timeoutSeconds`, timeout, why))
  }
  const rules = { allowInvalidValues: leniency.invalidSelectorValues }
  checkLabelSelector(webhook.namespaceSelector, `${path}.namespaceSelector`, errors, rules)
  checkLabelSelector(webhook.objectSelector, `${path}.objectSelector`, errors, rules)
  checkOptional(webhook.reinvocationPolicy, ['IfNeeded', 'Never'], `${path}.reinvocationPolicy`, errors)
  checkClientConfig(webhook, `${path}.clientConfig`, errors)
  if (leniency.matchConditions) return
  checkMatchConditions(webhook.matchConditions, { hasParams: false }, `${path}.matchConditions`, errors)
}

/** `null` stands for nothing, since Go writes the field even when it is not set. */
function checkSideEffects(
  value: string | null | undefined,
  isLenient: boolean,
  path: string,
  errors: FieldError[],
): void {
  const allowed = isLenient ? [...safeSideEffects, 'Some', 'Unknown'] : safeSideEffects
  if (value === undefined || value === null)
    errors.push(requiredField(path, `must specify one of ${allowed.join(', ')}`))
  else checkOneOf(value, allowed, path, errors)
}

/** After utilvalidation.IsFullyQualifiedName: a subdomain of three labels at least. */
function checkFullName(name: string, path: string, errors: FieldError[]): void {
  if (name === '') return void errors.push(requiredField(path))
  const why = subdomainNameErrors(name)
  if (why.length > 0) return void errors.push(invalidField(path, name, why.join(',')))
  if (name.split('.').length >= 3) return
  errors.push(invalidField(path, name, 'should be a domain with at least three segments separated by dots'))
}

function checkClientConfig({ clientConfig }: Webhook, path: string, errors: FieldError[]): void {
  const { url, service } = clientConfig ?? {}
  if ((url === undefined) === (service === undefined)) {
    errors.push(requiredField(path, 'exactly one of url or service is required'))
  } else if (url !== undefined) {
    checkWebhookUrl(url, `${path}.url`, errors)
  } else if (service !== undefined) {
    // Upstream passes the two the wrong way round, so a missing name is told of the namespace.
    const swapped = { ...service, name: service.namespace, namespace: service.name }
    checkWebhookService(swapped, `${path}.service`, errors)
  }
}

function checkReviewVersions(
  versions: readonly string[],
  isLenient: boolean,
  path: string,
  errors: FieldError[],
): void {
  const accepted = reviewVersions.join(', ')
  if (versions.length === 0) return void errors.push(requiredField(path, `must specify one of ${accepted}`))
  const seen = new Set<string>()
  for (const [index, version] of versions.entries()) {
    const why = seen.has(version) ? ['duplicate version'] : serviceLabelErrors(version)
    seen.add(version)
    for (const reason of why) errors.push(invalidField(`${path}[${index}]`, version, reason))
  }
  if (!isLenient && !versions.some((version) => reviewVersions.includes(version))) {
    errors.push(invalidField(path, versions, `must include at least one of ${accepted}`))
  }
}
