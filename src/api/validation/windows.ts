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

const podContextFields = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
] as const

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

/** Upstream asks for these between the profiles and the groups. */
const hostFields = ['hostPID', 'hostIPC'] as const

function checkWindows(spec: ReadonlySpec, path: string, errors: FieldError[]): void {
  const forbid = (field: string) => errors.push(forbiddenField(`${path}.${field}`, why))
  const context = spec.securityContext
  const set = (field: (typeof podContextFields)[number]) => context?.[field] !== undefined
  for (const field of podContextFields.slice(0, 1)) if (set(field)) forbid(`securityContext.${field}`)
  for (const field of podContextFields.slice(1, 2)) if (set(field)) forbid(`securityContext.${field}`)
  if (spec.hostUsers !== undefined) forbid('hostUsers')
  for (const field of hostFields) if (spec[field]) forbid(`securityContext.${field}`)
  for (const field of podContextFields.slice(2, 6)) if (set(field)) forbid(`securityContext.${field}`)
  if (spec.shareProcessNamespace !== undefined) forbid('securityContext.shareProcessNamespace')
  for (const field of podContextFields.slice(6)) if (set(field)) forbid(`securityContext.${field}`)
  forEachContext(spec, path, (own, at) => {
    for (const field of containerContextFields) {
      if (own[field] !== undefined) errors.push(forbiddenField(`${at}.${field}`, why))
    }
  })
}
