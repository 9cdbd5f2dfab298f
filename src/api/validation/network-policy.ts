import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from '../types/networking/v1.ts'
import { checkForm, checkOneOf, checkPortNumber } from './checks.ts'
import { portNameErrors } from './formats.ts'
import { checkLegacyCidr, cidrWarnings, containsNetwork, parseCidr } from './ip.ts'
import { checkLabelSelector, isInvalidSelector, type SelectorRules } from './label-selector.ts'

/** After pkg/apis/networking/validation ValidateNetworkPolicy and ValidateNetworkPolicyUpdate v1.36. */

type ReadonlyPolicy = DeepReadonly<NetworkPolicy>
type Spec = DeepReadonly<NetworkPolicySpec>

interface Rules extends SelectorRules {
  /** Networks that were there before may stay as they are. */
  readonly oldNetworks: readonly string[]
}

export function validateNetworkPolicy({ spec = {} }: ReadonlyPolicy): FieldError[] {
  const errors: FieldError[] = []
  checkSpec(spec, { oldNetworks: [] }, errors)
  return errors
}

export function validateNetworkPolicyUpdate({ spec = {} }: ReadonlyPolicy, old: ReadonlyPolicy): FieldError[] {
  const errors: FieldError[] = []
  const before = old.spec ?? {}
  const oldNetworks = blocksOf(before).flatMap(({ block }) => [block.cidr, ...(block.except ?? [])])
  checkSpec(spec, { oldNetworks, allowInvalidValues: isInvalidSelector(before.podSelector) }, errors)
  return errors
}

/** What is odd about the networks of a policy. After the strategy's networkPolicyWarnings. */
export function networkPolicyWarnings({ spec = {} }: ReadonlyPolicy): string[] {
  return blocksOf(spec).flatMap(({ block, path }) => [
    ...cidrWarnings(block.cidr, `${path}.cidr`),
    ...(block.except ?? []).flatMap((range, index) => cidrWarnings(range, `${path}.except[${index}]`)),
  ])
}

function blocksOf({ ingress, egress }: Spec): { block: DeepReadonly<IPBlock>; path: string }[] {
  const found = (peers: readonly DeepReadonly<NetworkPolicyPeer>[] | undefined, path: string) =>
    (peers ?? []).flatMap(({ ipBlock }, index) =>
      ipBlock ? [{ block: ipBlock, path: `${path}[${index}].ipBlock` }] : [],
    )
  return [
    ...(ingress ?? []).flatMap(({ from }, index) => found(from, `spec.ingress[${index}].from`)),
    ...(egress ?? []).flatMap(({ to }, index) => found(to, `spec.egress[${index}].to`)),
  ]
}

function checkSpec(spec: Spec, rules: Rules, errors: FieldError[]): void {
  checkLabelSelector(spec.podSelector, 'spec.podSelector', errors, rules)
  spec.ingress?.forEach(({ ports, from }, index) => {
    checkPorts(ports, `spec.ingress[${index}].ports`, errors)
    checkPeers(from, rules, `spec.ingress[${index}].from`, errors)
  })
  spec.egress?.forEach(({ ports, to }, index) => {
    checkPorts(ports, `spec.egress[${index}].ports`, errors)
    checkPeers(to, rules, `spec.egress[${index}].to`, errors)
  })
  const types = spec.policyTypes ?? []
  if (types.length > 2) {
    return void errors.push(invalidField('spec.policyTypes', types, 'may not specify more than two policyTypes'))
  }
  types.forEach((type, index) => {
    checkOneOf(type, ['Ingress', 'Egress'], `spec.policyTypes[${index}]`, errors)
  })
}

function checkPorts(
  ports: readonly DeepReadonly<NetworkPolicyPort>[] | undefined,
  path: string,
  errors: FieldError[],
): void {
  ports?.forEach((port, index) => {
    checkPort(port, `${path}[${index}]`, errors)
  })
}

function checkPort(
  { protocol, port, endPort }: DeepReadonly<NetworkPolicyPort>,
  path: string,
  errors: FieldError[],
): void {
  if (protocol !== undefined) checkOneOf(protocol, ['TCP', 'UDP', 'SCTP'], `${path}.protocol`, errors)
  if (typeof port === 'number') checkPortNumber(port, `${path}.port`, errors)
  if (endPort !== undefined) {
    const at = `${path}.endPort`
    if (typeof port === 'number') {
      if (endPort < port) errors.push(invalidField(at, port, 'must be greater than or equal to `port`'))
      checkPortNumber(endPort, at, errors)
    } else {
      const why = port === undefined ? 'not specified' : 'non-numeric'
      errors.push(invalidField(at, endPort, `may not be specified when \`port\` is ${why}`))
    }
  }
  if (typeof port === 'string') checkForm(portNameErrors, port, `${path}.port`, errors)
}

function checkPeers(
  peers: readonly DeepReadonly<NetworkPolicyPeer>[] | undefined,
  rules: Rules,
  path: string,
  errors: FieldError[],
): void {
  peers?.forEach(({ podSelector, namespaceSelector, ipBlock }, index) => {
    const at = `${path}[${index}]`
    checkLabelSelector(podSelector, `${at}.podSelector`, errors, rules)
    checkLabelSelector(namespaceSelector, `${at}.namespaceSelector`, errors, rules)
    if (ipBlock) checkBlock(ipBlock, rules, `${at}.ipBlock`, errors)
    if (!podSelector && !namespaceSelector && !ipBlock) errors.push(requiredField(at, 'must specify a peer'))
    else if (ipBlock && (podSelector || namespaceSelector)) {
      errors.push(forbiddenField(at, 'may not specify both ipBlock and another peer'))
    }
  })
}

function checkBlock(block: DeepReadonly<IPBlock>, { oldNetworks }: Rules, path: string, errors: FieldError[]): void {
  if (!block.cidr) return void errors.push(requiredField(`${path}.cidr`))
  checkLegacyCidr(block.cidr, `${path}.cidr`, errors, oldNetworks)
  const network = parseCidr(block.cidr)
  if (!network) return
  block.except?.forEach((range, index) => {
    const at = `${path}.except[${index}]`
    checkLegacyCidr(range, at, errors, oldNetworks)
    const except = parseCidr(range)
    if (!except || (containsNetwork(network, except) && network.bits < except.bits)) return
    errors.push(invalidField(at, range, 'must be a strict subset of `cidr`'))
  })
}
