import type { Namespace, Pod, PodTemplateSpec } from '../../../api/types/core/v1.ts'
import { namespaces, pods } from '../../../api/types/resources.ts'
import { internalError, invalid } from '../../../machinery/errors.ts'
import type { DeepReadonly, KubeObject } from '../../../machinery/object.ts'
import type { ObjectReader } from '../../object-reader.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'
import { concerns, refuse } from '../refuse.ts'
import type { AnyContainer, CheckedPod } from './check.ts'
import { violationDetails, violations } from './evaluate.ts'
import { existingPodsWarnings } from './existing-pods.ts'
import { levelVersionText, policyOf, strictness } from './policy.ts'

/** Holds Pods to the level that the labels of their namespace name. After pod-security-admission/admission v1.36. */
export function podSecurity(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'PodSecurity',
    handles: ['CREATE', 'UPDATE'],
    validate(attributes) {
      const { group, plural } = attributes.definition
      if (group === '' && plural === 'namespaces') validateNamespace(attributes, reader)
      else if (group === '' && plural === 'pods') validatePod(attributes, reader)
      else validateTemplate(attributes, reader)
    },
  }
}

function validateNamespace(attributes: AdmissionAttributes, reader: ObjectReader): void {
  if (!concerns(attributes, '', 'namespaces')) return
  const labels = (object: DeepReadonly<KubeObject> | undefined) => object?.metadata?.labels
  const { policy, errors } = policyOf(labels(attributes.object))
  const { name = '' } = (attributes.object as Namespace).metadata ?? {}
  if (attributes.operation === 'CREATE') {
    if (errors.length > 0) throw invalid({ group: '', kind: 'Namespace' }, name, [...errors])
    return
  }
  const { policy: before, errors: known } = policyOf(labels(attributes.oldObject))
  // A label that was wrong already must not stand in the way of other changes.
  const isKnown = JSON.stringify(errors) === JSON.stringify(known)
  if (errors.length > 0 && !isKnown) throw invalid({ group: '', kind: 'Namespace' }, name, [...errors])
  const { enforce } = policy
  const isSameVersion = enforce.version === before.enforce.version
  if (isSameVersion && strictness(enforce.level) <= strictness(before.enforce.level)) return
  for (const warning of existingPodsWarnings(name, enforce, reader.list(pods, name))) attributes.warn(warning)
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

function validatePod(attributes: AdmissionAttributes, reader: ObjectReader): void {
  if (ignoredSubresources.has(attributes.subresource)) return
  const pod = attributes.object as Pod
  const { operation, oldObject } = attributes
  if (operation === 'UPDATE' && !changesImages(pod, oldObject as DeepReadonly<Pod>)) return
  const namespace = reader.get(namespaces, attributes.namespace)
  if (!namespace) throw internalError(new Error(`failed to lookup namespace ${JSON.stringify(attributes.namespace)}`))
  const { policy } = policyOf(namespace.metadata.labels)
  const checked = { metadata: pod.metadata ?? {}, spec: pod.spec ?? { containers: [] } }
  const found = violations(policy.enforce, checked)
  if (found.length > 0) {
    const level = JSON.stringify(levelVersionText(policy.enforce))
    throw refuse(attributes, `violates PodSecurity ${level}: ${violationDetails(found)}`)
  }
  warn(attributes, policy.warn, checked)
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
function validateTemplate(attributes: AdmissionAttributes, reader: ObjectReader): void {
  const { group, plural } = attributes.definition
  if (attributes.subresource !== '' || !templateKinds.has(`${group}/${plural}`)) return
  const labels = reader.get(namespaces, attributes.namespace)?.metadata.labels
  const template = templateOf(attributes.object as Templated)
  if (!labels || !template) return
  warn(attributes, policyOf(labels).policy.warn, {
    metadata: template.metadata ?? {},
    spec: template.spec ?? { containers: [] },
  })
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

function warn(attributes: AdmissionAttributes, policy: Parameters<typeof violations>[0], pod: CheckedPod): void {
  const found = violations(policy, pod)
  if (found.length === 0) return
  const level = JSON.stringify(levelVersionText(policy))
  attributes.warn(`would violate PodSecurity ${level}: ${violationDetails(found)}`)
}
