import type { FieldError } from '../../machinery/errors.ts'
import {
  duplicateField,
  forbiddenField,
  invalidField,
  notSupportedField,
  requiredField,
} from '../../machinery/field-errors.ts'
import { labelKeyErrors } from '../../machinery/label-syntax.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { getOwn } from '../../machinery/own-member.ts'
import { parseQuantity, type Quantity, QuantityError } from '../../machinery/quantity.ts'
import type { ResourceRequirements } from '../types/core/v1.ts'
import { checkLabelForm } from './checks.ts'

/** Names and amounts of resources. After pkg/apis/core/validation validateResourceRequirements and core/helper. */

const standardContainerResources: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage'])

const countedResources = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]

const standardResources: ReadonlySet<string> = new Set([
  ...standardContainerResources,
  ...['cpu', 'memory', 'ephemeral-storage', 'storage'].map((name) => `requests.${name}`),
  ...standardContainerResources.values().map((name) => `limits.${name}`),
  'storage',
  ...countedResources,
])

export const isHugePages = (name: string) => name.startsWith('hugepages-')

const isQuotaHugePages = (name: string) => isHugePages(name) || name.startsWith('requests.hugepages-')

/** What quotas can be set on; of storage only what is requested. */
export const isStandardQuotaResource = (name: string) =>
  (standardResources.has(name) && name !== 'storage') || isQuotaHugePages(name)

export const isStandardResource = (name: string) => standardResources.has(name) || isQuotaHugePages(name)

export const isStandardContainerResource = (name: string) => standardContainerResources.has(name) || isHugePages(name)

const isNative = (name: string) => !name.includes('/') || name.includes('kubernetes.io/')

export function isExtendedResource(name: string): boolean {
  if (isNative(name) || name.startsWith('requests.')) return false
  return labelKeyErrors(`requests.${name}`).length === 0
}

/** Whether requests may be smaller than limits: not for huge pages and devices. */
export const mayOvercommit = (name: string) => isNative(name) && !isHugePages(name)

export const isIntegerResource = (name: string) => countedResources.includes(name) || isExtendedResource(name)

export function checkResourceName(name: string, path: string, errors: FieldError[]): void {
  const why = labelKeyErrors(name)
  for (const reason of why) errors.push(invalidField(path, name, reason))
  if (why.length === 0 && !name.includes('/') && !isStandardResource(name)) {
    errors.push(invalidField(path, name, 'must be a standard resource type or fully qualified'))
  }
}

export function checkContainerResourceName(name: string, path: string, errors: FieldError[]): void {
  if (standardContainerResources.has(name)) return
  checkResourceName(name, path, errors)
  if (!name.includes('/')) {
    if (!isStandardContainerResource(name)) {
      errors.push(invalidField(path, name, 'must be a standard resource for containers'))
    }
  } else if (!isNative(name) && !isExtendedResource(name)) {
    errors.push(invalidField(path, name, "doesn't follow extended resource name standard"))
  }
}

function checkPodResourceName(name: string, path: string, errors: FieldError[]): void {
  const before = errors.length
  checkResourceName(name, path, errors)
  if (errors.length > before || name === 'cpu' || name === 'memory' || isHugePages(name)) return
  errors.push(notSupportedField(path, name, ['cpu', 'hugepages-', 'memory']))
}

export function checkNonNegativeQuantity(text: string, path: string, errors: FieldError[]): void {
  if (parseQuantity(text).nano < 0n) errors.push(invalidField(path, text, 'must be greater than or equal to 0'))
}

/** An amount is never negative, and whole where things are counted. */
export function checkResourceQuantity(name: string, text: string, path: string, errors: FieldError[]): void {
  if (/^[1-9]\d*([mkMG]|[KMG]i)?$/.test(text) && standardContainerResources.has(name)) return
  const quantity = parseQuantity(text)
  if (quantity.nano < 0n) errors.push(invalidField(path, text, 'must be greater than or equal to 0'))
  if (isIntegerResource(name) && quantity.milli() % 1_000n !== 0n) {
    errors.push(invalidField(path, text, 'must be an integer'))
  }
}

export interface RequirementRules {
  /** The names in `spec.resourceClaims`. */
  readonly podClaims: readonly string[]
  /** The resources of the Pod as a whole, of which fewer are supported. */
  readonly isPodLevel?: boolean
}

export function checkResources(
  resources: DeepReadonly<ResourceRequirements>,
  rules: RequirementRules,
  path: string,
  errors: FieldError[],
): void {
  const checkName = rules.isPodLevel ? checkPodResourceName : checkContainerResourceName
  const { limits = {}, requests = {} } = resources
  for (const name in limits) checkAmount(name, limits[name]!, { checkName, path: `${path}.limits[${name}]` }, errors)
  for (const name in requests) {
    checkAmount(name, requests[name]!, { checkName, path: `${path}.requests[${name}]` }, errors, () =>
      checkAgainstLimit(name, { request: requests[name]!, limit: getOwn(limits, name) }, path, errors),
    )
  }
  const all = [...Object.keys(limits), ...Object.keys(requests)]
  if (all.some(isHugePages) && !all.includes('cpu') && !all.includes('memory')) {
    errors.push(forbiddenField(path, 'HugePages require cpu or memory'))
  }
  checkClaims(resources.claims, rules.podClaims, `${path}.claims`, errors)
}

interface AmountRules {
  readonly checkName: (name: string, path: string, errors: FieldError[]) => void
  readonly path: string
}

function checkAmount(
  name: string,
  text: string,
  { checkName, path }: AmountRules,
  errors: FieldError[],
  between?: () => void,
): void {
  checkName(name, path, errors)
  checkResourceQuantity(name, text, path, errors)
  between?.()
  if (isHugePages(name) && !isMultipleOfPage(name, parseQuantity(text))) {
    errors.push(invalidField(path, text, `${text} is not positive integer multiple of ${name}`))
  }
}

function isMultipleOfPage(name: string, quantity: Quantity): boolean {
  const page = pageSize(name.slice('hugepages-'.length))
  return page > 0n && quantity.value() % page === 0n
}

/** Bytes; 0 for what is no amount. */
function pageSize(text: string): bigint {
  try {
    return parseQuantity(text).value()
  } catch (error) {
    if (error instanceof QuantityError) return 0n
    throw error
  }
}

function checkAgainstLimit(
  name: string,
  { request, limit }: { request: string; limit: string | undefined },
  path: string,
  errors: FieldError[],
): void {
  if (limit === undefined) {
    if (!mayOvercommit(name)) {
      errors.push(requiredField(`${path}.limits`, 'Limit must be set for non overcommitable resources'))
    }
    return
  }
  if (request === limit) return
  const order = parseQuantity(request).compare(parseQuantity(limit))
  if (order !== 0 && !mayOvercommit(name)) {
    errors.push(invalidField(`${path}.requests`, request, `must be equal to ${name} limit of ${limit}`))
  } else if (order > 0) {
    errors.push(invalidField(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`))
  }
}

function checkClaims(
  claims: DeepReadonly<ResourceRequirements>['claims'],
  podClaims: readonly string[],
  path: string,
  errors: FieldError[],
): void {
  const seen = new Set<string>()
  claims?.forEach(({ name = '', request = '' }, index) => {
    const at = `${path}[${index}]`
    if (name === '') errors.push(requiredField(at))
    else {
      if (request !== '' && !seen.has(name)) checkLabelForm(request, `${at}.request`, errors)
      const key = request === '' ? name : `${name}/${request}`
      const isTaken = seen.has(name) || seen.has(key)
      const hidesOther = request === '' && [...seen].some((other) => other.startsWith(`${name}/`))
      if (isTaken || hidesOther) errors.push(duplicateField(at, seen.has(name) || hidesOther ? name : key))
      seen.add(key)
    }
    if (name !== '' && !podClaims.includes(name)) errors.push(unknownClaim(name, podClaims, at))
  })
}

function unknownClaim(name: string, podClaims: readonly string[], path: string): FieldError {
  const known = podClaims.length === 0 ? ' which is empty' : `: ${[...podClaims].sort().join(', ')}`
  const detail = `Not found: ${JSON.stringify(name)}: must be one of the names in pod.spec.resourceClaims${known}`
  return { type: 'FieldValueNotFound', field: path, detail }
}
