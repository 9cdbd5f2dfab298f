import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, requiredField } from '../../machinery/field-errors.ts'
import { labelKeyErrors } from '../../machinery/label-syntax.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { goDifference } from '../go-form/go-form.ts'
import type { Pod, PodSpec, PodTemplate, PodTemplateSpec, Toleration } from '../types/core/v1.ts'
import { checkTolerations } from './affinity.ts'
import { checkLabels } from './checks.ts'
import { checkImageSpace } from './containers.ts'
import { inclusiveRange } from './formats.ts'
import { checkPlacementUpdates } from './gated-placement.ts'
import { checkAnnotationsMatchFields, checkAnnotationUpdates, checkPodAnnotations } from './pod-annotations.ts'
import { checkPodSpec } from './pod-spec.ts'

type ReadonlyPod = DeepReadonly<Pod>
type ReadonlySpec = DeepReadonly<PodSpec>

const missingSpec: ReadonlySpec = { containers: [] }

/** Everything wrong with a new Pod, its metadata apart. After pkg/apis/core/validation ValidatePodCreate. */
export function validatePod(pod: ReadonlyPod): FieldError[] {
  const errors: FieldError[] = []
  const spec = pod.spec ?? missingSpec
  checkPod(pod, errors)
  if (spec.ephemeralContainers?.length) {
    errors.push(forbiddenField('spec.ephemeralContainers', 'cannot be set on create'))
  }
  if (spec.nodeName && spec.schedulingGates?.length) {
    errors.push(forbiddenField('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'))
  }
  const annotations = pod.metadata?.annotations
  if (annotations) checkAnnotationsMatchFields({ annotations, spec, path: 'spec' }, errors)
  return errors
}

/** What holds for a Pod at any time. After validatePodMetadataAndSpec, its metadata apart. */
export function podErrors(pod: ReadonlyPod): FieldError[] {
  const errors: FieldError[] = []
  checkPod(pod, errors)
  return errors
}

function checkPod(pod: ReadonlyPod, errors: FieldError[]): void {
  const spec = pod.spec ?? missingSpec
  const annotations = pod.metadata?.annotations
  if (annotations) checkPodAnnotations({ annotations, spec, path: 'metadata.annotations' }, errors)
  checkPodSpec(spec, { podName: pod.metadata?.name ?? '', isPod: true }, 'spec', errors)
  if (!spec.serviceAccountName) {
    spec.volumes?.forEach(({ projected }, index) => {
      projected?.sources?.forEach(({ serviceAccountToken }, sourceIndex) => {
        const at = `spec.volumes[${index}].projected.sources[${sourceIndex}].serviceAccountToken`
        if (serviceAccountToken) {
          errors.push(forbiddenField(at, 'must not be specified when serviceAccountName is not set'))
        }
      })
    })
  }
  for (const list of ['containers', 'initContainers'] as const) {
    spec[list]?.forEach((container, index) => {
      checkImageSpace(container, `spec.${list}[${index}]`, errors)
    })
  }
}

const maxInt32 = 2 ** 31 - 1

/** What may change in a Pod that is there: images, a deadline that shrinks, tolerations that are added, gates that go. */
export function validatePodUpdate(pod: ReadonlyPod, old: ReadonlyPod): FieldError[] {
  const errors: FieldError[] = []
  const spec = pod.spec ?? missingSpec
  const before = old.spec ?? missingSpec
  checkPod(pod, errors)
  checkAnnotationUpdates(pod, old, errors)
  for (const list of ['containers', 'initContainers'] as const) {
    if (!checkContainerUpdates(spec[list] ?? [], before[list] ?? [], `spec.${list}`, errors)) return errors
  }
  if (!checkDeadlineUpdate(spec.activeDeadlineSeconds, before.activeDeadlineSeconds, errors)) return errors
  checkTolerationUpdates(spec.tolerations ?? [], before.tolerations ?? [], errors)
  checkGateUpdates(spec, before, errors)
  if (before.schedulingGates?.length) checkPlacementUpdates(spec, before, errors)
  const munged = withoutUpdatable(spec, before)
  if (!isDeepStrictEqual(munged, before)) {
    const difference = goDifference('PodSpec', before, munged)
    errors.push(forbiddenField('spec', `pod updates may not change fields other than ${updatable}\n${difference}`))
  }
  return errors
}

/** Of `/ephemeralcontainers`: what was added once stays as it is. */
export function validateEphemeralContainersUpdate(pod: ReadonlyPod, old: ReadonlyPod): FieldError[] {
  if (old.metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined) {
    return [forbiddenField('', 'static pods do not support ephemeral containers')]
  }
  const errors = podErrors(pod)
  checkAnnotationUpdates(pod, old, errors)
  const now = pod.spec?.ephemeralContainers ?? []
  for (const before of old.spec?.ephemeralContainers ?? []) {
    const match = now.findLast(({ name }) => name === before.name)
    const existing = `existing ephemeral containers ${JSON.stringify(before.name)} may not be`
    const path = 'spec.ephemeralContainers'
    if (!match) errors.push(forbiddenField(path, `${existing} removed\n`))
    else if (!isDeepStrictEqual(match, before)) {
      const difference = goDifference('EphemeralContainer', before, match)
      errors.push(forbiddenField(path, `${existing} changed\n${difference}`))
    }
  }
  return errors
}

const updatable =
  '`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

type Containers = readonly { readonly image?: string }[]

function checkContainerUpdates(now: Containers, before: Containers, path: string, errors: FieldError[]): boolean {
  if (now.length !== before.length) {
    errors.push(forbiddenField(path, 'pod updates may not add or remove containers'))
    return false
  }
  now.forEach(({ image = '' }, index) => {
    const at = `${path}[${index}].image`
    if (image === '') errors.push(requiredField(at))
    if (image !== image.trim()) errors.push(invalidField(at, image, 'must not have leading or trailing whitespace'))
  })
  return true
}

function checkDeadlineUpdate(now: number | undefined, before: number | undefined, errors: FieldError[]): boolean {
  const at = 'spec.activeDeadlineSeconds'
  if (now === undefined) {
    if (before !== undefined) {
      errors.push(invalidField(at, null, 'must not update from a positive integer to nil value'))
    }
    return true
  }
  if (now < 0 || now > maxInt32) {
    errors.push(invalidField(at, now, inclusiveRange(0, maxInt32)))
    return false
  }
  if (before !== undefined && before < now) {
    errors.push(invalidField(at, now, 'must be less than or equal to previous value'))
    return false
  }
  return true
}

type Tolerations = readonly DeepReadonly<Toleration>[]

function checkTolerationUpdates(now: Tolerations, before: Tolerations, errors: FieldError[]): void {
  const withoutSeconds = ({ tolerationSeconds: _seconds, ...rest }: DeepReadonly<Toleration>) => rest
  const isKept = (old: DeepReadonly<Toleration>) =>
    now.some((toleration) => isDeepStrictEqual(withoutSeconds(toleration), withoutSeconds(old)))
  if (before.every(isKept)) checkTolerations(now, 'spec.tolerations', errors)
  else {
    const why = 'existing toleration can not be modified except its tolerationSeconds'
    errors.push(forbiddenField('spec.tolerations', why))
  }
}

function checkGateUpdates(spec: ReadonlySpec, before: ReadonlySpec, errors: FieldError[]): void {
  const old = new Set((before.schedulingGates ?? []).map(({ name }) => name))
  spec.schedulingGates?.forEach(({ name }, index) => {
    if (old.has(name)) return
    const why = `only deletion is allowed, but found new scheduling gate '${name}'`
    errors.push(forbiddenField(`spec.schedulingGates[${index}].name`, why))
  })
}

/** The spec with what may change put back as it was. */
function withoutUpdatable(spec: ReadonlySpec, before: ReadonlySpec): object {
  const munged: Record<string, unknown> = { ...spec }
  for (const list of ['containers', 'initContainers'] as const) {
    if (!spec[list]) continue
    munged[list] = spec[list].map((container, index) => {
      const image = before[list]?.[index]?.image
      return image === undefined ? container : { ...container, image }
    })
  }
  for (const field of ['activeDeadlineSeconds', 'tolerations', 'schedulingGates'] as const) {
    if (before[field] === undefined) delete munged[field]
    else munged[field] = before[field]
  }
  const isRepaired = (before.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1
  if (isRepaired) munged.terminationGracePeriodSeconds = before.terminationGracePeriodSeconds
  if (before.schedulingGates?.length) keepGatedPlacement(munged, spec, before)
  return munged
}

/** A gated Pod may still be told where to run. */
function keepGatedPlacement(munged: Record<string, unknown>, spec: ReadonlySpec, before: ReadonlySpec): void {
  if (before.nodeSelector) munged.nodeSelector = before.nodeSelector
  else delete munged.nodeSelector
  const { nodeAffinity: _now, ...rest } = spec.affinity ?? {}
  const kept = { ...rest, ...(before.affinity?.nodeAffinity && { nodeAffinity: before.affinity.nodeAffinity }) }
  if (Object.keys(kept).length > 0 || before.affinity) munged.affinity = kept
  else delete munged.affinity
}

export function validatePodTemplate({ template }: DeepReadonly<PodTemplate>): FieldError[] {
  const errors: FieldError[] = []
  checkPodTemplate(template, 'template', errors)
  return errors
}

/** A template's labels and spec. After pkg/apis/core/validation ValidatePodTemplateSpec. */
export function checkPodTemplate(
  template: DeepReadonly<PodTemplateSpec> | undefined,
  path: string,
  errors: FieldError[],
): void {
  const { metadata, spec = missingSpec } = template ?? {}
  checkLabels(metadata?.labels, `${path}.labels`, errors)
  for (const key in metadata?.annotations) {
    for (const why of labelKeyErrors(key.toLowerCase())) errors.push(invalidField(`${path}.annotations`, key, why))
  }
  const annotations = metadata?.annotations
  if (annotations) checkPodAnnotations({ annotations, spec, path: `${path}.annotations` }, errors)
  checkPodSpec(spec, { podName: '', isPod: false }, `${path}.spec`, errors)
  if (annotations) checkAnnotationsMatchFields({ annotations, spec, path: `${path}.spec` }, errors)
  if (spec.ephemeralContainers?.length) {
    errors.push(forbiddenField(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'))
  }
}
