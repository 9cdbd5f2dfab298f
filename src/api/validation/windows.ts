import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { PodSpec, SecurityContext } from '../types/core/v1.ts'

/** What a Pod that names its operating system may not use. After validateOS, validateLinux and validateWindows. */

type ReadonlySpec = DeepReadonly<PodSpec>

export function checkOperatingSystem(spec: ReadonlySpec, path: string, errors: FieldError[]): void {
  if (!spec.os) return
  const { name } = spec.os
  if (!name) errors.push(requiredField(`${path}.os.name`))
  else if (name === 'linux') checkLinux(spec, path, errors)
  else if (name === 'windows') checkWindows(spec, path, errors)
  else errors.push(notSupportedField(`${path}.os`, name, ['linux', 'windows']))
}

function checkLinux(spec: ReadonlySpec, path: string, errors: FieldError[]): void {
  const why = 'windows options cannot be set for a linux pod'
  if (spec.securityContext?.windowsOptions) errors.push(forbiddenField(`${path}.securityContext.windowsOptions`, why))
  forEachContext(spec, path, (context, at) => {
    if (context.windowsOptions) errors.push(forbiddenField(`${at}.windowsOptions`, why))
  })
}

function forEachContext(
  spec: ReadonlySpec,
  path: string,
  visit: (context: DeepReadonly<SecurityContext>, path: string) => void,
): void {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    spec[list]?.forEach(({ securityContext }, index) => {
      if (securityContext) visit(securityContext, `${path}.${list}[${index}].securityContext`)
    })
  }
}

const why = 'cannot be set for a windows pod'

/** In upstream's order; those of the Pod itself are part of its security context inside upstream. */
const podFields = [
  'securityContext.appArmorProfile',
  'securityContext.seLinuxOptions',
  'hostUsers',
  'hostPID',
  'hostIPC',
  'securityContext.seccompProfile',
  'securityContext.fsGroup',
  'securityContext.fsGroupChangePolicy',
  'securityContext.sysctls',
  'shareProcessNamespace',
  'securityContext.runAsUser',
  'securityContext.runAsGroup',
  'securityContext.supplementalGroups',
  'securityContext.supplementalGroupsPolicy',
  'securityContext.seLinuxChangePolicy',
] as const

/** Set when true, or when not empty. */
const emptyMeansUnset: readonly string[] = ['hostPID', 'hostIPC', 'securityContext.sysctls']

const containerContextFields = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const

function checkWindows(spec: ReadonlySpec, path: string, errors: FieldError[]): void {
  for (const field of podFields) if (isSet(spec, field)) errors.push(forbiddenField(`${path}.${field}`, why))
  forEachContext(spec, path, (own, at) => {
    for (const field of containerContextFields) {
      if (own[field] !== undefined) errors.push(forbiddenField(`${at}.${field}`, why))
    }
  })
}

function isSet(spec: ReadonlySpec, field: (typeof podFields)[number]): boolean {
  const name = field.replace('securityContext.', '')
  const holder: object = name === field ? spec : (spec.securityContext ?? {})
  const value: unknown = (holder as Readonly<Record<string, unknown>>)[name]
  if (!emptyMeansUnset.includes(field)) return value !== undefined
  return Array.isArray(value) ? value.length > 0 : value === true
}
