import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { getOwn } from '../../machinery/own-member.ts'
import type { AppArmorProfile, Pod, PodSpec, SeccompProfile } from '../types/core/v1.ts'
import { checkForm } from './checks.ts'
import { descendingPathErrors } from './formats.ts'

/** Annotations that mean something to a Pod. After pkg/apis/core/validation ValidatePodSpecificAnnotations. */

type ReadonlySpec = DeepReadonly<PodSpec>
type Annotations = Readonly<Record<string, string>>

const mirror = 'kubernetes.io/config.mirror'
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost'
const seccompOfPod = 'seccomp.security.alpha.kubernetes.io/pod'
const seccompOfContainer = 'container.seccomp.security.alpha.kubernetes.io/'
const appArmorOfContainer = 'container.apparmor.security.beta.kubernetes.io/'

export interface PodAnnotations {
  readonly annotations: Annotations
  readonly spec: ReadonlySpec
  /** Of the annotations. */
  readonly path: string
}

export function checkPodAnnotations({ annotations, spec, path }: PodAnnotations, errors: FieldError[]): void {
  const mirrored = annotations[mirror]
  if (mirrored !== undefined && !spec.nodeName) {
    const why = 'must set spec.nodeName if mirror pod annotation is set'
    errors.push(invalidField(`${path}[${mirror}]`, mirrored, why))
  }
  const cost = annotations[deletionCost]
  if (cost !== undefined && !isInt32(cost)) {
    errors.push(invalidField(`${path}[${deletionCost}]`, cost, 'must be a 32bit integer'))
  }
  checkSeccompAnnotations(annotations, path, errors)
  checkAppArmorAnnotations({ annotations, spec, path }, errors)
}

const isInt32 = (text: string) => /^(0|-?[1-9]\d*)$/.test(text) && Number(text) >= -(2 ** 31) && Number(text) < 2 ** 31

function checkSeccompAnnotations(annotations: Annotations, path: string, errors: FieldError[]): void {
  for (const [key, profile] of Object.entries(annotations)) {
    if (key !== seccompOfPod && !key.startsWith(seccompOfContainer)) continue
    if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) continue
    const at = `${path}.${key}`
    if (profile.startsWith('localhost/'))
      checkForm(descendingPathErrors, profile.slice('localhost/'.length), at, errors)
    else errors.push(invalidField(at, profile, 'must be a valid seccomp profile'))
  }
}

function checkAppArmorAnnotations({ annotations, spec, path }: PodAnnotations, errors: FieldError[]): void {
  for (const [key, profile] of Object.entries(annotations)) {
    if (!key.startsWith(appArmorOfContainer)) continue
    const name = key.slice(appArmorOfContainer.length)
    const isKnown = containersOf(spec, '').some(({ container }) => container.name === name)
    if (!isKnown) errors.push(invalidField(`${path}[${key}]`, name, 'container not found'))
    if (profile === '' || profile === 'runtime/default' || profile === 'unconfined') continue
    if (profile.startsWith('localhost/')) continue
    errors.push(invalidField(`${path}[${key}]`, profile, `invalid AppArmor profile name: ${JSON.stringify(profile)}`))
  }
}

function containersOf(spec: ReadonlySpec, path: string) {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((container, index) => ({ container, path: `${path}.${list}[${index}].securityContext` })),
  )
}

/** Where an annotation and its field say different things. `path`: of the spec. */
export function checkAnnotationsMatchFields({ annotations, spec, path }: PodAnnotations, errors: FieldError[]): void {
  matchProfile('seccomp', annotations[seccompOfPod], spec.securityContext?.seccompProfile, {
    path: `${path}.securityContext.seccompProfile`,
    errors,
  })
  const all = containersOf(spec, path)
  for (const { container, path: at } of all) {
    const annotation = annotations[`${seccompOfContainer}${container.name}`]
    const where = { path: `${at}.seccompProfile`, errors }
    matchProfile('seccomp', annotation, container.securityContext?.seccompProfile, where)
  }
  if (spec.os?.name === 'windows') return
  for (const { container, path: at } of all) {
    const annotation = annotations[`${appArmorOfContainer}${container.name}`]
    const profile = container.securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile
    matchProfile('apparmor', annotation, profile, { path: `${at}.appArmorProfile`, errors })
  }
}

/** How a type of profile is written in an annotation. */
const annotationForms: Readonly<Record<string, readonly string[]>> = {
  Unconfined: ['unconfined'],
  RuntimeDefault: ['runtime/default', 'docker/default'],
}

function matchProfile(
  what: 'seccomp' | 'apparmor',
  annotation: string | undefined,
  profile: DeepReadonly<SeccompProfile | AppArmorProfile> | undefined,
  { path, errors }: { readonly path: string; readonly errors: FieldError[] },
): void {
  if (annotation === undefined || !profile) return
  const wrongType = () => errors.push(forbiddenField(`${path}.type`, `${what} type in annotation and field must match`))
  const forms = getOwn(annotationForms, profile.type)
  if (forms) {
    const accepted = what === 'seccomp' ? forms : forms.slice(0, 1)
    if (!accepted.includes(annotation)) wrongType()
  } else if (profile.type === 'Localhost') {
    if (!annotation.startsWith('localhost/')) wrongType()
    else if (annotation.slice('localhost/'.length) !== profile.localhostProfile) {
      errors.push(forbiddenField(`${path}.localhostProfile`, `${what} profile in annotation and field must match`))
    }
  }
}

/** What may not change while the Pod lives, then all that holds for new ones. After ValidatePodSpecificAnnotationUpdates. */
export function checkAnnotationUpdates(pod: DeepReadonly<Pod>, old: DeepReadonly<Pod>, errors: FieldError[]): void {
  const path = 'metadata.annotations'
  const annotations = pod.metadata?.annotations ?? {}
  const before = old.metadata?.annotations ?? {}
  const kindOf = (key: string) =>
    key.startsWith(appArmorOfContainer) ? 'AppArmor annotations' : key === mirror ? 'mirror pod annotation' : undefined
  const forbid = (key: string, what: string) => {
    const kind = kindOf(key)
    if (kind) errors.push(forbiddenField(`${path}[${key}]`, `may not ${what} ${kind}`))
  }
  for (const key in before) if (getOwn(annotations, key) !== before[key]) forbid(key, 'remove or update')
  for (const key in annotations) if (getOwn(before, key) === undefined) forbid(key, 'add')
  checkPodAnnotations({ annotations, spec: pod.spec ?? { containers: [] }, path }, errors)
}
