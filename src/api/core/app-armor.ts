import { isDeepStrictEqual } from 'node:util'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { AppArmorProfile, Container, EphemeralContainer, Pod, PodSpec } from '../types/core/v1.ts'

/**
 * Profiles were an annotation once; a Pod that still uses it gets the field as well. After pkg/registry/core/pod
 * applyAppArmorVersionSkew v1.36.
 */

export const appArmorAnnotationPrefix = 'container.apparmor.security.beta.kubernetes.io/'
export const appArmorLocalhostPrefix = 'localhost/'
export const appArmorRuntimeDefault = 'runtime/default'
export const appArmorUnconfined = 'unconfined'

const maxProfileLength = 4_095

/** What an annotation means as a field; `undefined` when nothing. */
function profileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === appArmorUnconfined) return { type: 'Unconfined' }
  if (annotation === appArmorRuntimeDefault) return { type: 'RuntimeDefault' }
  if (!annotation.startsWith(appArmorLocalhostPrefix)) return undefined
  const localhostProfile = annotation.slice(appArmorLocalhostPrefix.length)
  return localhostProfile === '' ? undefined : { type: 'Localhost', localhostProfile }
}

function isValid({ localhostProfile }: AppArmorProfile): boolean {
  if (localhostProfile === undefined) return true
  return localhostProfile.trim() === localhostProfile && localhostProfile.length <= maxProfileLength
}

const useField = 'deprecated since v1.30; use the "appArmorProfile" field instead'

/** Fills the field of each container that has only the annotation, and says that the field is to be used. */
export function applyAppArmorAnnotations({ metadata, spec }: Pod, warn: (text: string) => void): void {
  const annotations = metadata?.annotations
  if (!annotations || !spec || spec.os?.name === 'windows') return
  const containers: (Container | EphemeralContainer)[] = [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ]
  for (const container of containers) {
    const key = `${appArmorAnnotationPrefix}${container.name}`
    const annotation = annotations[key]
    if (annotation === undefined || container.securityContext?.appArmorProfile) continue
    const profile = profileOf(annotation)
    const isUsable = profile !== undefined && isValid(profile)
    if (isUsable && isDeepStrictEqual(profile, spec.securityContext?.appArmorProfile)) continue
    if (isUsable) container.securityContext = { ...container.securityContext, appArmorProfile: profile }
    warn(`metadata.annotations[${key}]: ${useField}`)
  }
}

interface TemplateContainer {
  readonly spec: DeepReadonly<PodSpec>
  readonly container: DeepReadonly<Container> | DeepReadonly<EphemeralContainer>
  readonly annotations: Readonly<Record<string, string>>
  /** Of the annotations. */
  readonly path: string
}

/** The annotation of a container in a template, where it says what no field does. */
export function templateAppArmorWarning({ spec, container, annotations, path }: TemplateContainer): string[] {
  const key = `${appArmorAnnotationPrefix}${container.name}`
  const annotation = annotations[key]
  if (annotation === undefined || container.securityContext?.appArmorProfile) return []
  const ofPod = spec.securityContext?.appArmorProfile
  if (ofPod && isDeepStrictEqual(ofPod, profileOf(annotation))) return []
  return [`${path}[${key}]: ${useField}`]
}
