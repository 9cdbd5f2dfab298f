import type { FieldError } from '../../machinery/errors.ts'
import { invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import { patternError } from '../../machinery/label-syntax.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { HTTPIngressPath, Ingress, IngressBackend, IngressRule, IngressSpec } from '../types/networking/v1.ts'
import { checkForm, checkPortNumber, checkRequiredSegment, checkSubdomain } from './checks.ts'
import { labelFormErrors, portNameErrors, subdomainNameErrors } from './formats.ts'
import { isLegacyIp } from './ip.ts'

/** Ingresses. After pkg/apis/networking/validation ValidateIngressCreate and ValidateIngressUpdate v1.36. */

type ReadonlyIngress = DeepReadonly<Ingress>
type Spec = DeepReadonly<IngressSpec>

const emptySpec: Spec = {}

/** Mistakes that older versions let pass, which an object that has them may keep. */
interface Ratchets {
  readonly allowInvalidSecretName: boolean
  readonly allowInvalidWildcardRule: boolean
}

const classAnnotation = 'kubernetes.io/ingress.class'

export function validateIngress({ metadata, spec = emptySpec }: ReadonlyIngress): FieldError[] {
  const errors: FieldError[] = []
  checkSpec(spec, { allowInvalidSecretName: false, allowInvalidWildcardRule: false }, errors)
  const annotation = metadata?.annotations?.[classAnnotation]
  const { ingressClassName } = spec
  if (annotation !== undefined && ingressClassName !== undefined && annotation !== ingressClassName) {
    const why = 'must match `ingressClassName` when both are specified'
    errors.push(invalidField(`annotations.${classAnnotation}`, annotation, why))
  }
  return errors
}

export function validateIngressUpdate({ spec = emptySpec }: ReadonlyIngress, old: ReadonlyIngress): FieldError[] {
  const errors: FieldError[] = []
  checkSpec(spec, ratchetsOf(old.spec ?? emptySpec), errors)
  return errors
}

function ratchetsOf({ tls, rules }: Spec): Ratchets {
  const isWrongRule = (rule: DeepReadonly<IngressRule>) => {
    const errors: FieldError[] = []
    checkRuleValue(rule, '', errors)
    return (rule.host ?? '').includes('*') && errors.length > 0
  }
  return {
    allowInvalidSecretName: (tls ?? []).some(
      ({ secretName }) => secretName && subdomainNameErrors(secretName).length > 0,
    ),
    allowInvalidWildcardRule: (rules ?? []).some(isWrongRule),
  }
}

function checkSpec(spec: Spec, ratchets: Ratchets, errors: FieldError[]): void {
  if (!spec.rules?.length && !spec.defaultBackend) {
    errors.push(invalidField('spec', spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'))
  }
  if (spec.defaultBackend) checkBackend(spec.defaultBackend, 'spec.defaultBackend', errors)
  spec.rules?.forEach((rule, index) => {
    checkRule(rule, ratchets, `spec.rules[${index}]`, errors)
  })
  spec.tls?.forEach(({ hosts, secretName }, index) => {
    hosts?.forEach((host, hostIndex) => {
      checkForm(hostErrors, host, `spec.tls[${index}].hosts[${hostIndex}]`, errors)
    })
    const isChecked = secretName && !ratchets.allowInvalidSecretName
    if (isChecked) checkSubdomain(secretName, `spec.tls[${index}].secretName`, errors)
  })
  if (spec.ingressClassName !== undefined) checkSubdomain(spec.ingressClassName, 'spec.ingressClassName', errors)
}

const wildcardPattern = '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'
const wildcardForm = new RegExp(`^${wildcardPattern}$`)
const wildcardRule =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
const hostMaxLength = 253

function hostErrors(host: string): string[] {
  if (!host.includes('*')) return subdomainNameErrors(host)
  const errors = host.length > hostMaxLength ? [`must be no more than ${hostMaxLength} characters`] : []
  return wildcardForm.test(host) ? errors : [...errors, patternError(wildcardRule, wildcardPattern, ['*.example.com'])]
}

function checkRule(
  rule: DeepReadonly<IngressRule>,
  { allowInvalidWildcardRule }: Ratchets,
  path: string,
  errors: FieldError[],
): void {
  const host = rule.host ?? ''
  if (host !== '') {
    if (isLegacyIp(host)) errors.push(invalidField(`${path}.host`, host, 'must be a DNS name, not an IP address'))
    checkForm(hostErrors, host, `${path}.host`, errors)
  }
  if (!host.includes('*') || !allowInvalidWildcardRule) checkRuleValue(rule, path, errors)
}

function checkRuleValue({ http }: DeepReadonly<IngressRule>, path: string, errors: FieldError[]): void {
  if (!http) return
  if (!http.paths?.length) errors.push(requiredField(`${path}.http.paths`))
  http.paths?.forEach((each, index) => {
    checkIngressPath(each, `${path}.http.paths[${index}]`, errors)
  })
}

const refusedSequences = ['//', '/./', '/../', '%2f', '%2F']
const refusedEndings = ['/..', '/.']
const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix']

function checkIngressPath(each: DeepReadonly<HTTPIngressPath>, at: string, errors: FieldError[]): void {
  const { pathType, path = '', backend } = each as Partial<typeof each>
  if (pathType === undefined || pathType === null) {
    return void errors.push(requiredField(`${at}.pathType`, 'pathType must be specified'))
  }
  if (!pathTypes.includes(pathType)) errors.push(notSupportedField(`${at}.pathType`, pathType, pathTypes))
  else {
    const isFree = pathType === 'ImplementationSpecific'
    if (!path.startsWith('/') && !(isFree && path === '')) {
      errors.push(invalidField(`${at}.path`, path, 'must be an absolute path'))
    }
    if (!isFree) checkPathText(path, `${at}.path`, errors)
  }
  checkBackend(backend ?? {}, `${at}.backend`, errors)
}

function checkPathText(path: string, at: string, errors: FieldError[]): void {
  for (const part of refusedSequences) {
    if (path.includes(part)) errors.push(invalidField(at, path, `must not contain '${part}'`))
  }
  for (const ending of refusedEndings) {
    if (path.endsWith(ending)) errors.push(invalidField(at, path, `cannot end with '${ending}'`))
  }
}

function checkBackend({ service, resource }: DeepReadonly<IngressBackend>, path: string, errors: FieldError[]): void {
  if (service && resource) {
    return void errors.push(invalidField(path, '', 'cannot set both resource and service backends'))
  }
  if (resource) {
    checkReference(resource, `${path}.resource`, errors)
    return
  }
  if (!service) return void errors.push(invalidField(path, '', 'resource or service backend is required'))
  if (!service.name) errors.push(requiredField(`${path}.service.name`))
  else checkForm(labelFormErrors, service.name, `${path}.service.name`, errors)
  const { name = '', number = 0 } = service.port ?? {}
  if (name !== '' && number !== 0) errors.push(invalidField(path, '', 'cannot set both port name & port number'))
  else if (name !== '') checkForm(portNameErrors, name, `${path}.service.port.name`, errors)
  else if (number !== 0) checkPortNumber(number, `${path}.service.port.number`, errors)
  else errors.push(requiredField(path, 'port name or number is required'))
}

interface Reference {
  readonly apiGroup?: string
  readonly kind?: string
  readonly name?: string
}

/** Another object, by group, kind and name. */
export function checkReference({ apiGroup, kind, name }: Reference, path: string, errors: FieldError[]): void {
  if (apiGroup !== undefined && apiGroup !== null) checkSubdomain(apiGroup, `${path}.apiGroup`, errors)
  checkRequiredSegment(kind, `${path}.kind`, errors)
  checkRequiredSegment(name, `${path}.name`, errors)
}
