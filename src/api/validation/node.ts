import type { FieldError } from '../../machinery/errors.ts'
import { duplicateField, forbiddenField, invalidField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { goForm } from '../go-form/go-form.ts'
import type { ConfigMapNodeConfigSource, Node, NodeConfigSource, NodeConfigStatus } from '../types/core/v1.ts'
import { checkTaints } from './affinity.ts'
import { checkConfigKey, checkForm, checkLabelForm } from './checks.ts'
import { subdomainNameErrors } from './formats.ts'
import { checkLegacyCidr, cidrWarnings, isDualStack, parseCidr } from './ip.ts'
import { checkResourceQuantity } from './resources.ts'

/** After pkg/apis/core/validation ValidateNode and ValidateNodeUpdate v1.36. */

type ReadonlyNode = DeepReadonly<Node>

export function validateNode(node: ReadonlyNode): FieldError[] {
  const errors: FieldError[] = []
  const { spec, status } = node
  // Upstream looks for the taints where they once were, in annotations.
  checkTaints(spec?.taints, 'metadata.taints', errors)
  checkResources(node, errors)
  const swap = status?.nodeInfo?.swap?.capacity
  if (swap !== undefined && swap <= 0) {
    errors.push(invalidField('metadata.nodeSwapStatus.capacity', swap, 'must be greater than zero'))
  }
  checkFeatures(status?.declaredFeatures, errors)
  checkPodCidrs(spec?.podCIDRs ?? [], errors)
  return errors
}

function checkResources({ status }: ReadonlyNode, errors: FieldError[]): void {
  for (const field of ['capacity', 'allocatable'] as const) {
    for (const [name, text] of Object.entries(status?.[field] ?? {})) {
      checkResourceQuantity(name, text, `status.${field}.${name}`, errors)
    }
  }
}

function checkPodCidrs(cidrs: readonly string[], errors: FieldError[]): void {
  const path = 'spec.podCIDRs'
  cidrs.forEach((cidr, index) => {
    checkLegacyCidr(cidr, `${path}[${index}]`, errors)
  })
  if (cidrs.length < 2) return
  const networks = cidrs.map(parseCidr)
  const wrong = cidrs[networks.indexOf(undefined)]
  if (wrong !== undefined) {
    const why = `invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR address: ${wrong}`
    errors.push({ type: 'InternalError', field: path, detail: `Internal error: ${why}` })
  }
  const families = networks.flatMap((network) => (network ? [network.address] : []))
  if (wrong !== undefined || cidrs.length > 2 || !isDualStack(families)) {
    errors.push(invalidField(path, cidrs, 'may specify no more than one CIDR for each IP family'))
  }
}

const featureForm = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z][a-zA-Z0-9]*)*$/
const maxFeatureLength = 253

function checkFeatures(features: readonly string[] | undefined, errors: FieldError[]): void {
  features?.forEach((feature, index) => {
    const path = `status.declaredFeatures[${index}]`
    const why = featureError(feature)
    if (why !== undefined) errors.push(invalidField(path, feature, why))
    const next = features[index + 1]
    if (next === undefined) return
    const nextPath = `status.declaredFeatures[${index + 1}]`
    if (feature === next) errors.push(duplicateField(nextPath, next))
    else if (feature > next) errors.push(invalidField(nextPath, next, 'list must be sorted alphabetically'))
  })
}

function featureError(feature: string): string | undefined {
  const invalid = `invalid feature name ${JSON.stringify(feature)}`
  if (feature.length > maxFeatureLength) return `${invalid}: must be no more than ${maxFeatureLength} characters`
  if (featureForm.test(feature)) return undefined
  return `${invalid}: must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes`
}

export function validateNodeUpdate(node: ReadonlyNode, old: ReadonlyNode): FieldError[] {
  return [...validateNode(node), ...validateNodeStatus(node, old)]
}

/** The rules of a change, which are all there are for the status. */
export function validateNodeStatus(node: ReadonlyNode, old: ReadonlyNode): FieldError[] {
  const errors: FieldError[] = []
  const { spec, status } = node
  checkResources(node, errors)
  checkFeatures(status?.declaredFeatures, errors)
  checkAddresses(status?.addresses ?? [], errors)
  checkKeptCidrs(spec?.podCIDRs ?? [], old.spec?.podCIDRs ?? [], errors)
  if (old.spec?.providerID && old.spec.providerID !== spec?.providerID) {
    const why = 'node updates may not change providerID except from "" to valid'
    errors.push(forbiddenField('spec.providerID', why))
  }
  if (spec?.configSource) checkConfigSource(spec.configSource, specConfig, 'spec.configSource', errors)
  if (status?.config) checkConfigStatus(status.config, errors)
  checkTaints(spec?.taints, 'metadata.taints', errors)
  if ((spec?.externalID ?? '') !== (old.spec?.externalID ?? '')) {
    errors.push(forbiddenField('spec.externalID', 'may not be updated'))
  }
  return errors
}

function checkAddresses(
  addresses: readonly { readonly type: string; readonly address: string }[],
  errors: FieldError[],
): void {
  const seen = new Set<string>()
  addresses.forEach((address, index) => {
    const key = `${address.type}/${address.address}`
    if (seen.has(key)) errors.push(duplicateField(`status.addresses[${index}]`, goForm('NodeAddress', address)))
    seen.add(key)
  })
}

/** Each network that is changed is complained of. */
function checkKeptCidrs(cidrs: readonly string[], old: readonly string[], errors: FieldError[]): void {
  if (old.length === 0) return
  const why = 'node updates may not change podCIDR except from "" to valid'
  const changes = cidrs.length === old.length ? old.filter((cidr, index) => cidr !== cidrs[index]).length : 1
  for (let change = 0; change < changes; change++) errors.push(forbiddenField('spec.podCIDRs', why))
}

type ConfigCheck = (source: DeepReadonly<ConfigMapNodeConfigSource>, path: string, errors: FieldError[]) => void

const specConfig: ConfigCheck = ({ uid, resourceVersion }, path, errors) => {
  if (uid) errors.push(forbiddenField(`${path}.uid`, 'uid must not be set in spec'))
  const why = 'resourceVersion must not be set in spec'
  if (resourceVersion) errors.push(forbiddenField(`${path}.resourceVersion`, why))
}

const statusConfig: ConfigCheck = ({ uid, resourceVersion }, path, errors) => {
  if (!uid) errors.push(requiredField(`${path}.uid`))
  if (!resourceVersion) errors.push(requiredField(`${path}.resourceVersion`))
}

function checkConfigSource(
  source: DeepReadonly<NodeConfigSource>,
  check: ConfigCheck,
  path: string,
  errors: FieldError[],
): void {
  const { configMap } = source
  if (!configMap) {
    const why = 'exactly one reference subfield must be non-nil'
    errors.push(invalidField(path, goForm('NodeConfigSource', source), why))
    return
  }
  const at = `${path}.configMap`
  check(configMap, at, errors)
  if (!configMap.namespace) errors.push(requiredField(`${at}.namespace`))
  else checkLabelForm(configMap.namespace, `${at}.namespace`, errors)
  if (!configMap.name) errors.push(requiredField(`${at}.name`))
  else checkForm(subdomainNameErrors, configMap.name, `${at}.name`, errors)
  checkConfigKey(configMap.kubeletConfigKey, `${at}.kubeletConfigKey`, errors)
}

function checkConfigStatus(config: DeepReadonly<NodeConfigStatus>, errors: FieldError[]): void {
  for (const field of ['assigned', 'active', 'lastKnownGood'] as const) {
    const source = config[field]
    if (source) checkConfigSource(source, statusConfig, `status.config.${field}`, errors)
  }
}

/** After the strategy's nodeWarnings. */
export function nodeWarnings({ spec }: ReadonlyNode): string[] {
  return [
    ...(spec?.configSource ? ['spec.configSource: the feature is removed'] : []),
    ...(spec?.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
    ...(spec?.podCIDRs ?? []).flatMap((cidr, index) => cidrWarnings(cidr, `spec.podCIDRs[${index}]`)),
  ]
}
