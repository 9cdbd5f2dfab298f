import type { FieldError } from '../../machinery/errors.ts'
import { invalidField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { goForm } from '../go-form/go-form.ts'
import type { ResourceQuota, ResourceQuotaSpec, ScopedResourceSelectorRequirement } from '../types/core/v1.ts'
import { checkImmutable } from './checks.ts'
import { checkResourceName, checkResourceQuantity, isStandardQuotaResource } from './resources.ts'

/** After pkg/apis/core/validation ValidateResourceQuota, …Update and …StatusUpdate v1.36. */

type ReadonlyQuota = DeepReadonly<ResourceQuota>
type Spec = DeepReadonly<ResourceQuotaSpec>

export function validateResourceQuota({ spec = {}, status }: ReadonlyQuota): FieldError[] {
  const errors: FieldError[] = []
  checkSpec(spec, errors)
  checkAmounts(status?.hard, 'status.hard', errors)
  checkAmounts(status?.used, 'status.used', errors)
  return errors
}

export function validateResourceQuotaUpdate({ spec = {} }: ReadonlyQuota, old: ReadonlyQuota): FieldError[] {
  const errors: FieldError[] = []
  checkSpec(spec, errors)
  const now = new Set(spec.scopes)
  const before = new Set(old.spec?.scopes)
  const isSame = now.size === before.size && [...now].every((scope) => before.has(scope))
  checkImmutable(isSame, spec.scopes ?? null, 'spec.scopes', errors)
  return errors
}

export function validateResourceQuotaStatus({ status }: ReadonlyQuota): FieldError[] {
  const errors: FieldError[] = []
  checkAmounts(status?.hard, 'status.hard', errors)
  checkAmounts(status?.used, 'status.used', errors)
  return errors
}

function checkSpec(spec: Spec, errors: FieldError[]): void {
  checkAmounts(spec.hard, 'spec.hard', errors)
  checkScopes(spec, errors)
  checkScopeSelector(spec, errors)
}

function checkAmounts(amounts: Readonly<Record<string, string>> | undefined, path: string, errors: FieldError[]): void {
  for (const [name, text] of Object.entries(amounts ?? {})) {
    const at = `${path}[${name}]`
    checkResourceName(name, at, errors)
    if (!name.includes('/') && !isStandardQuotaResource(name)) {
      errors.push(invalidField(at, name, 'must be a standard resource for quota'))
    }
    checkResourceQuantity(name, text, at, errors)
  }
}

const computeResources = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory']
const podResources = ['pods', ...computeResources]

/** Which resources a scope counts. */
const scopeResources: ReadonlyMap<string, readonly string[]> = new Map([
  ['BestEffort', ['pods']],
  ['NotBestEffort', podResources],
  ['Terminating', podResources],
  ['NotTerminating', podResources],
  ['PriorityClass', podResources],
  ['CrossNamespacePodAffinity', podResources],
  ['VolumeAttributesClass', ['persistentvolumeclaims', 'requests.storage']],
])

const opposites = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const

/** The standard resources of the quota that a scope does not count. */
function uncounted(scope: string, { hard }: Spec): string[] {
  const counted = scopeResources.get(scope)
  if (!counted) return []
  return Object.keys(hard ?? {}).filter((name) => isStandardQuotaResource(name) && !counted.includes(name))
}

function checkOpposites(scopes: readonly string[], path: string, shown: unknown, errors: FieldError[]): void {
  for (const pair of opposites) {
    if (pair.every((scope) => scopes.includes(scope))) errors.push(invalidField(path, shown, 'conflicting scopes'))
  }
}

function checkScopes(spec: Spec, errors: FieldError[]): void {
  const path = 'spec.scopes'
  const scopes = spec.scopes ?? []
  for (const scope of scopes) {
    if (!scopeResources.has(scope)) errors.push(invalidField(path, scopes, 'unsupported scope'))
    for (const _name of uncounted(scope, spec)) {
      errors.push(invalidField(path, scopes, 'unsupported scope applied to resource'))
    }
  }
  checkOpposites(scopes, path, scopes, errors)
}

function checkScopeSelector(spec: Spec, errors: FieldError[]): void {
  const selector = spec.scopeSelector
  if (!selector) return
  const path = 'spec.scopeSelector.matchExpressions'
  const requirements = selector.matchExpressions ?? []
  for (const requirement of requirements) {
    const scope = requirement.scopeName ?? ''
    if (!scopeResources.has(scope)) errors.push(invalidField(`${path}.scopeName`, scope, 'unsupported scope'))
    for (const _name of uncounted(scope, spec)) {
      errors.push(invalidField(path, goForm('ScopeSelector', selector), 'unsupported scope applied to resource'))
    }
    checkRequirement(requirement, path, errors)
  }
  const names = requirements.map(({ scopeName }) => scopeName)
  checkOpposites(names, path, spec.scopes ?? null, errors)
}

const existenceScopes = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity']

function checkRequirement(
  { scopeName, operator = '', values = [] }: DeepReadonly<Partial<ScopedResourceSelectorRequirement>>,
  path: string,
  errors: FieldError[],
): void {
  if (existenceScopes.includes(scopeName ?? '') && operator !== 'Exists') {
    const why =
      "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
    errors.push(invalidField(`${path}.operator`, operator, why))
  }
  if (operator === 'In' || operator === 'NotIn') {
    const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
    if (values.length === 0) errors.push(requiredField(`${path}.values`, why))
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    const why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
    if (values.length > 0) errors.push(invalidField(`${path}.values`, values, why))
  } else errors.push(invalidField(`${path}.operator`, operator, 'not a valid selector operator'))
}
