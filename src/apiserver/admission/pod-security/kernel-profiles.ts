import type { SELinuxOptions } from '../../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import {
  type Check,
  type CheckedPod,
  containersOf,
  containersWith,
  distinct,
  exceptOnWindows,
  named,
  plural,
  quoted,
  setters,
  type Violation,
} from './check.ts'

/** What the kernel's security modules are told about a Pod. */

const confined: ReadonlySet<string> = new Set(['RuntimeDefault', 'Localhost'])
const isUnconfined = (type: string | undefined) => type !== undefined && !confined.has(type)

const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/'

function badAppArmorAnnotations({ annotations = {} }: CheckedPod['metadata']): string[] {
  return Object.entries(annotations)
    .filter(([key]) => key.startsWith(appArmorAnnotation))
    .filter(([, value]) => value !== '' && value !== 'runtime/default' && !value.startsWith('localhost/'))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort()
}

function appArmorViolation(pod: CheckedPod): Violation | undefined {
  const profileType = (security: { appArmorProfile?: { type?: string } } | undefined) => security?.appArmorProfile?.type
  const whole = profileType(pod.spec.securityContext)
  const types = containersOf(pod.spec).map(({ securityContext }) => profileType(securityContext))
  const annotations = badAppArmorAnnotations(pod.metadata)
  const bad = containersWith(pod, (security) => isUnconfined(profileType(security)))
  const who = [
    setters(isUnconfined(whole), bad),
    annotations.length > 0 ? plural('annotation', annotations.length) : '',
  ]
    .filter((part) => part !== '')
    .join(' and ')
  if (who === '') return undefined
  const profiles = distinct([whole, ...types].filter((type) => type !== undefined && isUnconfined(type)) as string[])
  const values = [...profiles, ...annotations]
  const detail = `${who} must not set AppArmor profile type to ${quoted(values)}`
  return { reason: plural('forbidden AppArmor profile', values.length), detail }
}

export const appArmorProfile: Check = { id: 'appArmorProfile', versions: [{ since: 0, find: appArmorViolation }] }

const podSeccompAnnotation = 'seccomp.security.alpha.kubernetes.io/pod'
const containerSeccompAnnotation = 'container.seccomp.security.alpha.kubernetes.io/'

function seccompAnnotationViolation({ metadata: { annotations = {} }, spec }: CheckedPod): Violation | undefined {
  const keys = [podSeccompAnnotation, ...containersOf(spec).map(({ name }) => containerSeccompAnnotation + name)]
  const isAllowed = (value: string | undefined) =>
    value === undefined || value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/')
  const bad = keys.filter((key) => !isAllowed(annotations[key]))
  if (bad.length === 0) return undefined
  const found = distinct(bad.map((key) => `${key}=${JSON.stringify(annotations[key])}`))
  return { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', found.length)} ${found.join(', ')}` }
}

/** Profiles that are set and confine nothing. */
function unconfinedSeccomp(pod: CheckedPod): Violation | undefined {
  const whole = pod.spec.securityContext?.seccompProfile?.type
  const who = setters(
    isUnconfined(whole),
    containersWith(pod, ({ seccompProfile }) => isUnconfined(seccompProfile?.type)),
  )
  if (who === '') return undefined
  const types = containersOf(pod.spec).map(({ securityContext }) => securityContext?.seccompProfile?.type)
  const found = distinct([whole, ...types].filter((type) => type !== undefined && isUnconfined(type)) as string[])
  const detail = `${who} must not set securityContext.seccompProfile.type to ${quoted(found)}`
  return { reason: 'seccompProfile', detail }
}

export const baselineSeccomp: Check = {
  id: 'seccompProfile_baseline',
  versions: [
    { since: 0, find: seccompAnnotationViolation },
    { since: 19, find: unconfinedSeccomp },
  ],
}

function missingSeccomp(pod: CheckedPod): Violation | undefined {
  const unconfined = unconfinedSeccomp(pod)
  if (unconfined || pod.spec.securityContext?.seccompProfile) return unconfined
  const bad = containersWith(pod, ({ seccompProfile }) => seccompProfile === undefined)
  if (bad.length === 0) return undefined
  const wanted = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
  return { reason: 'seccompProfile', detail: `pod or ${named('container', bad)} ${wanted}` }
}

export const restrictedSeccomp: Check = {
  id: 'seccompProfile_restricted',
  overrides: 'seccompProfile_baseline',
  versions: [
    { since: 19, find: missingSeccomp },
    { since: 25, find: exceptOnWindows(missingSeccomp) },
  ],
}

type SeLinux = DeepReadonly<SELinuxOptions> | undefined

function seLinuxViolation(allowed: readonly string[]): (pod: CheckedPod) => Violation | undefined {
  const isBadType = (options: SeLinux) => !!options?.type && !allowed.includes(options.type)
  const isBad = (options: SeLinux) => isBadType(options) || !!options?.user || !!options?.role
  return (pod) => {
    const whole = pod.spec.securityContext?.seLinuxOptions
    const who = setters(
      isBad(whole),
      containersWith(pod, ({ seLinuxOptions }) => isBad(seLinuxOptions)),
    )
    if (who === '') return undefined
    const all: SeLinux[] = [
      whole,
      ...containersOf(pod.spec).map(({ securityContext }) => securityContext?.seLinuxOptions),
    ]
    const types = distinct(all.filter(isBadType).map((options) => options!.type!))
    const what = types.length > 0 ? [named('type', types)] : []
    if (all.some((options) => options?.user)) what.push('user may not be set')
    if (all.some((options) => options?.role)) what.push('role may not be set')
    return {
      reason: 'seLinuxOptions',
      detail: `${who} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}`,
    }
  }
}

const seLinuxTypes = ['container_t', 'container_init_t', 'container_kvm_t']

export const seLinuxOptions: Check = {
  id: 'seLinuxOptions',
  versions: [
    { since: 0, find: seLinuxViolation(seLinuxTypes) },
    { since: 31, find: seLinuxViolation([...seLinuxTypes, 'container_engine_t']) },
  ],
}

/** What became safe with each version: namespaced by the kernel, and accounted to the Pod. */
const safeSysctls: readonly { readonly since: number; readonly names: readonly string[] }[] = [
  {
    since: 0,
    names: [
      'kernel.shm_rmid_forced',
      'net.ipv4.ip_local_port_range',
      'net.ipv4.tcp_syncookies',
      'net.ipv4.ping_group_range',
      'net.ipv4.ip_unprivileged_port_start',
    ],
  },
  { since: 27, names: ['net.ipv4.ip_local_reserved_ports'] },
  {
    since: 29,
    names: [
      'net.ipv4.tcp_keepalive_time',
      'net.ipv4.tcp_fin_timeout',
      'net.ipv4.tcp_keepalive_intvl',
      'net.ipv4.tcp_keepalive_probes',
    ],
  },
  { since: 32, names: ['net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'] },
]

function sysctlViolation(allowed: ReadonlySet<string>): (pod: CheckedPod) => Violation | undefined {
  return ({ spec }) => {
    const bad = (spec.securityContext?.sysctls ?? []).filter(({ name }) => !allowed.has(name)).map(({ name }) => name)
    return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') }
  }
}

export const sysctls: Check = {
  id: 'sysctls',
  versions: safeSysctls.map(({ since }) => {
    const known = safeSysctls.filter((each) => each.since <= since).flatMap(({ names }) => names)
    return { since, find: sysctlViolation(new Set(known)) }
  }),
}
