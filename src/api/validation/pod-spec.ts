import type { FieldError } from '../../machinery/errors.ts'
import {
  duplicateField,
  forbiddenField,
  invalidField,
  notFoundField,
  requiredField,
  tooLongField,
} from '../../machinery/field-errors.ts'
import { labelKeyErrors, patternError } from '../../machinery/label-syntax.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { getOwn } from '../../machinery/own-member.ts'
import { parseQuantity, type Quantity } from '../../machinery/quantity.ts'
import type { PodDNSConfig, PodResourceClaim, PodSpec } from '../types/core/v1.ts'
import { checkAffinity, checkTolerations, checkTopologySpread } from './affinity.ts'
import { checkForm, checkLabelForm, checkLabels, checkRequiredOneOf, checkSubdomain } from './checks.ts'
import { type ContainerContext, checkContainers, checkInitContainers } from './containers.ts'
import { checkEphemeralContainers } from './ephemeral-containers.ts'
import { inclusiveRange, subdomainNameErrors } from './formats.ts'
import { checkHostProcess, checkHostUsers } from './host-access.ts'
import { checkLegacyIp } from './ip.ts'
import { checkResources, isHugePages } from './resources.ts'
import { checkPodSecurityContext } from './security-context.ts'
import { checkVolumes } from './volumes.ts'
import { checkOperatingSystem } from './windows.ts'

type ReadonlySpec = DeepReadonly<PodSpec>

export interface PodSpecRules {
  /** Empty for templates. */
  readonly podName: string
  /** Pods, not templates: host ports have been filled in already. */
  readonly isPod: boolean
}

/** Everything wrong with a Pod's spec. After pkg/apis/core/validation ValidatePodSpec. */
export function checkPodSpec(spec: ReadonlySpec, rules: PodSpecRules, path: string, errors: FieldError[]): void {
  const graceSeconds = spec.terminationGracePeriodSeconds
  if (graceSeconds === undefined) errors.push(requiredField(`${path}.terminationGracePeriodSeconds`))
  const volumes = checkVolumes(spec.volumes, rules, `${path}.volumes`, errors)
  checkResourceClaims(spec.resourceClaims, `${path}.resourceClaims`, errors)
  const context: ContainerContext = {
    volumes,
    podClaims: (spec.resourceClaims ?? []).map(({ name }) => name).filter((name) => name !== ''),
    graceSeconds,
    os: spec.os?.name,
    podRestartPolicy: spec.restartPolicy,
    hostUsers: spec.hostUsers !== false,
  }
  checkContainers(spec.containers, context, `${path}.containers`, errors)
  const initContext = { ...context, path: `${path}.initContainers` }
  checkInitContainers(spec.initContainers, spec.containers, initContext, errors)
  checkEphemeralContainers(spec, context, `${path}.ephemeralContainers`, errors)
  checkPodResources(spec, context.podClaims, `${path}.resources`, errors)
  checkHostNetworkPorts(spec, rules, `${path}.containers`, errors)
  checkPolicies(spec, path, errors)
  checkPodSecurityContext(spec, `${path}.securityContext`, errors)
  checkAffinity(spec.affinity, `${path}.affinity`, errors)
  checkDns(spec.dnsConfig, spec.dnsPolicy, `${path}.dnsConfig`, errors)
  checkGates(spec, path, errors)
  checkTopologySpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`, errors)
  checkHostProcess(spec, path, errors)
  checkHostUsers(spec, path, errors)
  checkHostname(spec, path, errors)
  checkNames(spec, path, errors)
  checkOperatingSystem(spec, path, errors)
  checkFileVolumes(spec, path, errors)
}

/** Variables read from a file need the volume it lies in. After validateFileKeyRefVolumes. */
function checkFileVolumes(spec: ReadonlySpec, path: string, errors: FieldError[]): void {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    spec[list]?.forEach(({ env }, containerIndex) => {
      env?.forEach(({ valueFrom }, index) => {
        if (!valueFrom?.fileKeyRef) return
        const { volumeName = '' }: { readonly volumeName?: string } = valueFrom.fileKeyRef
        const at = `${path}.${list}[${containerIndex}].env[${index}].valueFrom.fileKeyRef.volumeName`
        const volume = spec.volumes?.findLast(({ name = '' }: { readonly name?: string }) => name === volumeName)
        if (!volume) errors.push(notFoundField(at, volumeName))
        else if (!volume.emptyDir) {
          errors.push(invalidField(at, volumeName, 'referenced volume must be of type emptyDir'))
        }
      })
    })
  }
}

function checkPolicies(spec: ReadonlySpec, path: string, errors: FieldError[]): void {
  checkRequiredOneOf(spec.restartPolicy, ['Always', 'OnFailure', 'Never'], `${path}.restartPolicy`, errors)
  const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
  checkRequiredOneOf(spec.dnsPolicy, dnsPolicies, `${path}.dnsPolicy`, errors)
  checkLabels(spec.nodeSelector, `${path}.nodeSelector`, errors)
}

function checkGates(spec: ReadonlySpec, path: string, errors: FieldError[]): void {
  spec.readinessGates?.forEach(({ conditionType }, index) => {
    checkForm(labelKeyErrors, conditionType ?? '', `${path}.readinessGates[${index}].conditionType`, errors)
  })
  const seen = new Set<string>()
  spec.schedulingGates?.forEach(({ name = '' }: { readonly name?: string }, index) => {
    const at = `${path}.schedulingGates[${index}]`
    checkForm(labelKeyErrors, name, at, errors)
    if (seen.has(name)) errors.push(duplicateField(at, name))
    seen.add(name)
  })
}

const maxHostnameLength = 64

function checkHostname(spec: ReadonlySpec, path: string, errors: FieldError[]): void {
  const hostname = spec.hostnameOverride
  if (hostname === undefined) return
  const at = `${path}.hostnameOverride`
  if (spec.setHostnameAsFQDN) {
    errors.push(forbiddenField(at, 'may not be specified when setHostnameAsFQDN is true'))
  }
  if (spec.hostNetwork) errors.push(forbiddenField(at, 'may not be specified when hostNetwork is true'))
  if (hostname.length > maxHostnameLength) errors.push(tooLongField(at, maxHostnameLength))
  checkSubdomain(hostname, at, errors)
}

const maxInt32 = 2 ** 31 - 1

/** Names of other things, and what else stands alone, in upstream's order. */
function checkNames(spec: ReadonlySpec, path: string, errors: FieldError[]): void {
  if (spec.serviceAccountName) checkSubdomain(spec.serviceAccountName, `${path}.serviceAccountName`, errors)
  if (spec.nodeName) checkSubdomain(spec.nodeName, `${path}.nodeName`, errors)
  const deadline = spec.activeDeadlineSeconds
  if (deadline !== undefined && (deadline < 1 || deadline > maxInt32)) {
    errors.push(invalidField(`${path}.activeDeadlineSeconds`, deadline, inclusiveRange(1, maxInt32)))
  }
  if (spec.hostname) checkLabelForm(spec.hostname, `${path}.hostname`, errors)
  if (spec.subdomain) checkLabelForm(spec.subdomain, `${path}.subdomain`, errors)
  checkTolerations(spec.tolerations, `${path}.tolerations`, errors)
  spec.hostAliases?.forEach(
    ({ ip = '', hostnames }: { readonly ip?: string; readonly hostnames?: readonly string[] }, index) => {
      const at = `${path}.hostAliases[${index}]`
      checkLegacyIp(ip, `${at}.ip`, errors)
      hostnames?.forEach((name, nameIndex) => {
        checkSubdomain(name, `${at}.hostnames[${nameIndex}]`, errors)
      })
    },
  )
  if (spec.priorityClassName) checkSubdomain(spec.priorityClassName, `${path}.priorityClassName`, errors)
  if (spec.runtimeClassName !== undefined) checkSubdomain(spec.runtimeClassName, `${path}.runtimeClassName`, errors)
  if (spec.preemptionPolicy !== undefined) {
    checkRequiredOneOf(spec.preemptionPolicy, ['PreemptLowerPriority', 'Never'], `${path}.preemptionPolicy`, errors)
  }
  if (spec.overhead) checkResources({ limits: spec.overhead }, { podClaims: [] }, `${path}.overhead`, errors)
}

function checkHostNetworkPorts(
  { hostNetwork, containers }: ReadonlySpec,
  { isPod }: PodSpecRules,
  path: string,
  errors: FieldError[],
): void {
  if (!hostNetwork) return
  containers?.forEach(({ ports }, containerIndex) => {
    ports?.forEach(
      ({ hostPort = 0, containerPort = 0 }: { readonly hostPort?: number; readonly containerPort?: number }, index) => {
        if ((!isPod && hostPort === 0) || hostPort === containerPort) return
        const why = 'must match `containerPort` when `hostNetwork` is true'
        errors.push(invalidField(`${path}[${containerIndex}].ports[${index}].hostPort`, hostPort, why))
      },
    )
  })
}

const searchPattern = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*'
const searchForm = new RegExp(`^${searchPattern}$`)
const searchRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character"
const maxNameservers = 3
const maxSearches = 32
const maxSearchCharacters = 2_048
const maxNameLength = 253

function searchErrors(name: string): string[] {
  const errors = name.length > maxNameLength ? [`must be no more than ${maxNameLength} characters`] : []
  return searchForm.test(name) ? errors : [...errors, patternError(searchRule, searchPattern, ['example.com'])]
}

function checkDns(
  config: DeepReadonly<PodDNSConfig> | undefined,
  policy: string | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (policy === 'None' && !config) {
    return void errors.push(requiredField(path, 'must provide `dnsConfig` when `dnsPolicy` is None'))
  }
  const { nameservers = [], searches = [], options = [] } = config ?? {}
  if (policy === 'None' && nameservers.length === 0) {
    const why = 'must provide at least one DNS nameserver when `dnsPolicy` is None'
    return void errors.push(requiredField(`${path}.nameservers`, why))
  }
  if (nameservers.length > maxNameservers) {
    const why = `must not have more than ${maxNameservers} nameservers`
    errors.push(invalidField(`${path}.nameservers`, nameservers, why))
  }
  nameservers.forEach((address, index) => {
    checkLegacyIp(address, `${path}.nameservers[${index}]`, errors)
  })
  if (searches.length > maxSearches) {
    errors.push(invalidField(`${path}.searches`, searches, `must not have more than ${maxSearches} search paths`))
  }
  if (searches.join(' ').length > maxSearchCharacters) {
    const why = `must not have more than ${maxSearchCharacters} characters (including spaces) in the search list`
    errors.push(invalidField(`${path}.searches`, searches, why))
  }
  searches.forEach((search, index) => {
    if (search !== '.') checkForm(searchErrors, search.replace(/\.$/, ''), `${path}.searches[${index}]`, errors)
  })
  options.forEach(({ name }, index) => {
    if (!name) errors.push(requiredField(`${path}.options[${index}]`, 'must not be empty'))
  })
}

function checkResourceClaims(
  claims: readonly DeepReadonly<PodResourceClaim>[] | undefined,
  path: string,
  errors: FieldError[],
): void {
  const names = new Set<string>()
  claims?.forEach(
    ({ name = '', resourceClaimName, resourceClaimTemplateName }: Partial<DeepReadonly<PodResourceClaim>>, index) => {
      const at = `${path}[${index}]`
      if (name === '') errors.push(requiredField(`${at}.name`))
      else if (names.has(name)) errors.push(duplicateField(`${at}.name`, name))
      else {
        checkLabelForm(name, `${at}.name`, errors)
        names.add(name)
      }
      const shown = {
        Name: name,
        ResourceClaimName: resourceClaimName ?? null,
        ResourceClaimTemplateName: resourceClaimTemplateName ?? null,
      }
      const fields = '`resourceClaimName`, `resourceClaimTemplateName`'
      if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined) {
        errors.push(invalidField(at, shown, `at most one of ${fields} may be specified`))
      }
      if (resourceClaimName === undefined && resourceClaimTemplateName === undefined) {
        errors.push(invalidField(at, shown, `must specify one of: ${fields}`))
      }
      if (resourceClaimName !== undefined)
        checkForm(subdomainNameErrors, resourceClaimName, `${at}.resourceClaimName`, errors)
      if (resourceClaimTemplateName !== undefined) {
        checkForm(subdomainNameErrors, resourceClaimTemplateName, `${at}.resourceClaimTemplateName`, errors)
      }
    },
  )
}

/** The resources of the Pod as a whole. After validatePodResources and validatePodResourceConsistency. */
function checkPodResources(spec: ReadonlySpec, podClaims: readonly string[], path: string, errors: FieldError[]): void {
  if (!spec.resources) return
  if (spec.os?.name === 'windows') return void errors.push(forbiddenField(path, 'may not be set for a windows pod'))
  if (spec.resources.claims) {
    errors.push(forbiddenField(`${path}.claims`, 'claims may not be set for Resources at pod-level'))
  }
  checkResources(spec.resources, { podClaims, isPodLevel: true }, path, errors)
  const { requests = {}, limits = {} } = spec.resources
  for (const [name, total] of totals(spec, 'requests')) {
    const own = getOwn(requests, name)
    if (own === undefined || total.compare(parseQuantity(own)) <= 0) continue
    const why = `must be greater than or equal to aggregate container requests of ${total}`
    errors.push(invalidField(`${path}.requests[${name}]`, own, why))
  }
  for (const [name, total] of totals(spec, 'limits')) {
    const own = getOwn(limits, name)
    if (!isHugePages(name) || own === undefined || total.compare(parseQuantity(own)) <= 0) continue
    const why = `must be greater than or equal to aggregate container limits of ${total}`
    errors.push(invalidField(`${path}.limits[${name}]`, own, why))
  }
  spec.containers?.forEach((container, index) => {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const own = getOwn(limits, name)
      if (own === undefined || parseQuantity(limit).compare(parseQuantity(own)) <= 0) continue
      const at = `${path}.containers[${index}][${name}].limits`
      errors.push(invalidField(at, limit, `must be less than or equal to pod limits of ${own}`))
    }
  })
}

/** What the containers and sidecars ask for together, or one init container if that is more. */
export function totals(spec: ReadonlySpec, field: 'requests' | 'limits'): Map<string, Quantity> {
  const sum = new Map<string, Quantity>()
  const add = (resources: Readonly<Record<string, string>> | undefined) => {
    for (const [name, text] of Object.entries(resources ?? {})) {
      const quantity = parseQuantity(text)
      sum.set(name, sum.get(name)?.add(quantity) ?? quantity)
    }
  }
  for (const { resources } of spec.containers ?? []) add(resources?.[field])
  const peaks = new Map<string, Quantity>()
  const sidecars = new Map<string, Quantity>()
  for (const { resources, restartPolicy } of spec.initContainers ?? []) {
    const isSidecar = restartPolicy === 'Always'
    if (isSidecar) add(resources?.[field])
    for (const [name, text] of Object.entries(resources?.[field] ?? {})) {
      const running = sidecars.get(name)?.add(parseQuantity(text)) ?? parseQuantity(text)
      if (isSidecar) sidecars.set(name, running)
      if (running.compare(peaks.get(name) ?? parseQuantity('0')) > 0) peaks.set(name, running)
    }
  }
  for (const [name, peak] of peaks) {
    const total = sum.get(name)
    if (!total || peak.compare(total) > 0) sum.set(name, peak)
  }
  return sum
}
