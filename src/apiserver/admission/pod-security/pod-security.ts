import type { Namespace, Pod, PodTemplateSpec } from '../../../api/types/core/v1.ts'
import { namespaces, pods } from '../../../api/types/resources.ts'
import { aggregateMessage } from '../../../machinery/aggregate.ts'
import { internalError, invalid } from '../../../machinery/errors.ts'
import type { DeepReadonly, KubeObject } from '../../../machinery/object.ts'
import type { ObjectReader } from '../../object-reader.ts'
import { serverVersion } from '../../version.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'
import type { AdmissionMetrics } from '../admission-metrics.ts'
import { concerns, refuse } from '../refuse.ts'
import type { AnyContainer, CheckedPod } from './check.ts'
import { type Exemptions, noConfiguration, type PodSecurityConfiguration } from './configuration.ts'
import { violationDetails, violations } from './evaluate.ts'
import { existingPodsWarnings } from './existing-pods.ts'
import {
  type LevelVersion,
  labelPrefix,
  levelVersionText,
  type Mode,
  modes,
  type ParsedPolicy,
  type Policy,
  policyOf,
  strictness,
} from './policy.ts'

export interface PodSecurityServices {
  readonly reader: ObjectReader
  readonly metrics: AdmissionMetrics
  readonly configuration?: PodSecurityConfiguration | undefined
}

type Judge = Required<PodSecurityServices> & { readonly configuration: PodSecurityConfiguration }

/** Holds Pods to the level that the labels of their namespace name. After pod-security-admission/admission v1.36. */
export function podSecurity({
  reader,
  metrics,
  configuration = noConfiguration,
}: PodSecurityServices): AdmissionPlugin {
  const judge: Judge = { reader, metrics, configuration }
  return {
    name: 'PodSecurity',
    handles: ['CREATE', 'UPDATE'],
    validate(attributes) {
      const { group, plural } = attributes.definition
      if (group === '' && plural === 'namespaces') validateNamespace(attributes, judge)
      else if (group === '' && plural === 'pods') validatePod(attributes, judge)
      else validateTemplate(attributes, judge)
    },
  }
}

function validateNamespace(attributes: AdmissionAttributes, { reader, configuration }: Judge): void {
  if (!concerns(attributes, '', 'namespaces')) return
  const { defaults, exemptions } = configuration
  const { name = '', labels } = (attributes.object as Namespace).metadata ?? {}
  const { policy, errors } = policyOf(labels, defaults)
  const isExempt = exemptions.namespaces.includes(name)
  if (attributes.operation === 'CREATE') {
    if (errors.length > 0) throw invalid({ group: '', kind: 'Namespace' }, name, [...errors])
    if (isExempt) warnOfExemption(attributes, policy, defaults)
    return
  }
  const { policy: before, errors: known } = policyOf(attributes.oldObject?.metadata?.labels, defaults)
  // A label that was wrong already must not stand in the way of other changes.
  const isKnown = JSON.stringify(errors) === JSON.stringify(known)
  if (errors.length > 0 && !isKnown) throw invalid({ group: '', kind: 'Namespace' }, name, [...errors])
  const { enforce } = policy
  const isSameVersion = enforce.version === before.enforce.version
  if (isSameVersion && strictness(enforce.level) <= strictness(before.enforce.level)) return
  if (enforce.level === 'privileged') return
  if (isExempt) {
    warnOfExemption(attributes, policy, defaults)
    return
  }
  const judged = reader.list(pods, name).filter(({ spec }) => !isExemptClass(spec?.runtimeClassName, exemptions))
  for (const warning of existingPodsWarnings(name, enforce, judged)) attributes.warn(warning)
}

/** Labels of a namespace that no policy is for are most likely a mistake. */
function warnOfExemption({ object, warn }: AdmissionAttributes, policy: Policy, defaults: Policy): void {
  const { name = '', labels } = (object as Namespace).metadata ?? {}
  const isSet = (mode: Mode) => [mode, `${mode}-version`].some((key) => labels?.[labelPrefix + key] !== undefined)
  const strict = modes.filter((mode) => policy[mode].level !== 'privileged')
  if (strict.length === 0 || modes.every((mode) => isSameLevel(policy[mode], defaults[mode]))) return
  const ignored = strict.filter(isSet).map((mode) => `${mode}=${levelVersionText(policy[mode])}`)
  const what = `namespace ${JSON.stringify(name)} is exempt from Pod Security`
  warn(`${what}, and the policy (${ignored.join(', ')}) will be ignored`)
}

function isSameLevel(left: LevelVersion, right: LevelVersion): boolean {
  return left.level === right.level && (left.level === 'privileged' || left.version === right.version)
}

/** These cannot change what the Pod is allowed to do. */
const ignoredSubresources: ReadonlySet<string> = new Set([
  'exec',
  'attach',
  'binding',
  'eviction',
  'log',
  'portforward',
  'proxy',
  'status',
])

function validatePod(attributes: AdmissionAttributes, judge: Judge): void {
  if (ignoredSubresources.has(attributes.subresource) || isExemptRequest(attributes, judge)) return
  const { reader, metrics, configuration } = judge
  const namespace = reader.get(namespaces, attributes.namespace)
  if (!namespace) {
    metrics.podSecurityError(attributes, true)
    throw internalError(new Error(`failed to lookup namespace ${JSON.stringify(attributes.namespace)}`))
  }
  const parsed = policyOf(namespace.metadata.labels, configuration.defaults)
  const { policy, errors } = parsed
  if (errors.length === 0 && modes.every((mode) => policy[mode].level === 'privileged')) {
    annotate(attributes, 'enforce-policy', 'privileged:latest')
    record(attributes, judge, { decision: 'allow', mode: 'enforce', policy: policy.enforce })
    return
  }
  const pod = attributes.object as Pod
  const { operation, oldObject } = attributes
  if (operation === 'UPDATE' && !changesImages(pod, oldObject as DeepReadonly<Pod>)) return
  const checked = { metadata: pod.metadata ?? {}, spec: pod.spec ?? { containers: [] } }
  evaluatePod({ attributes, judge, parsed, pod: checked, isEnforced: true })
}

/** Of what an update of a Pod can change, only other images matter here. After isSignificantPodUpdate. */
function changesImages({ spec }: Pod, { spec: old }: DeepReadonly<Pod>): boolean {
  const changed = (now: readonly AnyContainer[] = [], before: readonly AnyContainer[] = []) =>
    now.length !== before.length || now.some(({ image }, index) => image !== before[index]!.image)
  const isOther = ({ name, image }: AnyContainer) =>
    old?.ephemeralContainers?.find((each) => each.name === name)?.image !== image
  return (
    changed(spec?.containers, old?.containers) ||
    changed(spec?.initContainers, old?.initContainers) ||
    (spec?.ephemeralContainers ?? []).some(isOther)
  )
}

/** Kinds that make Pods of a template; `group/plural`. */
const templateKinds: ReadonlySet<string> = new Set([
  '/replicationcontrollers',
  '/podtemplates',
  'apps/replicasets',
  'apps/deployments',
  'apps/statefulsets',
  'apps/daemonsets',
  'batch/jobs',
  'batch/cronjobs',
])

/** The Pods will be judged when they are made; whoever writes the template hears of it now. */
function validateTemplate(attributes: AdmissionAttributes, judge: Judge): void {
  const { group, plural } = attributes.definition
  if (attributes.subresource !== '' || !templateKinds.has(`${group}/${plural}`)) return
  if (isExemptRequest(attributes, judge)) return
  const namespace = judge.reader.get(namespaces, attributes.namespace)
  if (!namespace) {
    judge.metrics.podSecurityError(attributes, true)
    const name = JSON.stringify(attributes.namespace)
    annotate(attributes, 'error', `failed to lookup namespace ${name}: namespaces ${name} not found`)
    return
  }
  const parsed = policyOf(namespace.metadata.labels, judge.configuration.defaults)
  const { warn, audit } = parsed.policy
  if (parsed.errors.length === 0 && warn.level === 'privileged' && audit.level === 'privileged') return
  const template = templateOf(attributes.object as Templated)
  if (!template) return
  const pod = { metadata: template.metadata ?? {}, spec: template.spec ?? { containers: [] } }
  evaluatePod({ attributes, judge, parsed, pod, isEnforced: false })
}

interface Templated extends KubeObject {
  readonly template?: PodTemplateSpec
  readonly spec?: {
    readonly template?: PodTemplateSpec
    readonly jobTemplate?: { readonly spec?: { readonly template?: PodTemplateSpec } }
  }
}

function templateOf({ template, spec }: Templated): PodTemplateSpec | undefined {
  return template ?? spec?.template ?? spec?.jobTemplate?.spec?.template
}

function isExemptRequest(attributes: AdmissionAttributes, { configuration, metrics }: Judge): boolean {
  const { usernames, namespaces: exempt } = configuration.exemptions
  const isOfNamespace = exempt.includes(attributes.namespace)
  if (!isOfNamespace && !usernames.includes(attributes.user.name)) return false
  metrics.podSecurityExemption(attributes)
  annotate(attributes, 'exempt', isOfNamespace ? 'namespace' : 'user')
  return true
}

function isExemptClass(runtimeClass: string | undefined, { runtimeClasses }: Exemptions): boolean {
  return runtimeClass !== undefined && runtimeClasses.includes(runtimeClass)
}

interface Evaluation {
  readonly attributes: AdmissionAttributes
  readonly judge: Judge
  readonly parsed: ParsedPolicy
  readonly pod: CheckedPod
  readonly isEnforced: boolean
}

function evaluatePod({ attributes, judge, parsed, pod, isEnforced }: Evaluation): void {
  const { policy, errors } = parsed
  if (isExemptClass(pod.spec.runtimeClassName, judge.configuration.exemptions)) {
    judge.metrics.podSecurityExemption(attributes)
    annotate(attributes, 'exempt', 'runtimeClass')
    return
  }
  if (errors.length > 0) {
    annotate(
      attributes,
      'error',
      `Failed to parse policy: ${aggregateMessage(errors.map(({ field, detail }) => `${field}: ${detail}`))}`,
    )
    judge.metrics.podSecurityError(attributes, false)
  }
  const breaks = (mode: Mode): string | undefined => {
    const found = violations(policy[mode], pod)
    const isFine = found.length === 0
    // Of what is only told, that all is well is told nobody.
    if (mode === 'enforce' || !isFine)
      record(attributes, judge, { decision: isFine ? 'allow' : 'deny', mode, policy: policy[mode] })
    return isFine
      ? undefined
      : `PodSecurity ${JSON.stringify(levelVersionText(policy[mode]))}: ${violationDetails(found)}`
  }
  const refused = isEnforced ? breaks('enforce') : undefined
  if (isEnforced) annotate(attributes, 'enforce-policy', levelVersionText(policy.enforce))
  const audited = breaks('audit')
  if (audited !== undefined) annotate(attributes, 'audit-violations', `would violate ${audited}`)
  if (refused !== undefined) throw refuse(attributes, `violates ${refused}`)
  const warned = breaks('warn')
  if (warned !== undefined) attributes.warn(`would violate ${warned}`)
}

function annotate(attributes: AdmissionAttributes, key: string, value: string): void {
  attributes.annotate(labelPrefix + key, value, 'Metadata')
}

interface Outcome {
  readonly decision: 'allow' | 'deny'
  readonly mode: Mode
  readonly policy: LevelVersion
}

function record(attributes: AdmissionAttributes, { metrics }: Judge, { decision, mode, policy }: Outcome): void {
  const { level, version } = policy
  metrics.podSecurity(attributes, { decision, mode, level, version: versionLabel(level, version) })
}

/** What lies ahead of this server counts as one: labels must not make up any number of series. */
function versionLabel(level: LevelVersion['level'], version: LevelVersion['version']): string {
  if (version === 'latest' || level === 'privileged') return 'latest'
  return version <= Number(serverVersion.minor) ? `v1.${version}` : 'future'
}
