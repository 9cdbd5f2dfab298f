import type { SecurityContext } from '../../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import {
  type Check,
  type CheckedPod,
  containersOf,
  containersWith,
  distinct,
  exceptInUserNamespace,
  exceptOnWindows,
  named,
  quoted,
  setters,
  type Violation,
} from './check.ts'

/** What a Pod's processes may do. */

export const privileged: Check = {
  id: 'privileged',
  versions: [
    {
      since: 0,
      find(pod) {
        const bad = containersWith(pod, (security) => security.privileged === true)
        if (bad.length === 0) return undefined
        return {
          reason: 'privileged',
          detail: `${named('container', bad)} must not set securityContext.privileged=true`,
        }
      },
    },
  ],
}

function escalating(pod: CheckedPod): Violation | undefined {
  const bad = containersWith(pod, (security) => security.allowPrivilegeEscalation !== false)
  if (bad.length === 0) return undefined
  const detail = `${named('container', bad)} must set securityContext.allowPrivilegeEscalation=false`
  return { reason: 'allowPrivilegeEscalation != false', detail }
}

export const allowPrivilegeEscalation: Check = {
  id: 'allowPrivilegeEscalation',
  versions: [
    { since: 8, find: escalating },
    { since: 25, find: exceptOnWindows(escalating) },
  ],
}

/** What container runtimes give anyway. */
const defaultCapabilities: ReadonlySet<string> = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])

const addedBut = ({ capabilities }: DeepReadonly<SecurityContext>, allowed: ReadonlySet<string>): string[] =>
  (capabilities?.add ?? []).filter((capability) => !allowed.has(capability))

/** Which containers add capabilities beyond `allowed`; empty when none does. */
function addedCapabilities(pod: CheckedPod, allowed: ReadonlySet<string>): string {
  const bad = containersWith(pod, (security) => addedBut(security, allowed).length > 0)
  if (bad.length === 0) return ''
  const found = distinct(
    containersOf(pod.spec).flatMap(({ securityContext = {} }) => addedBut(securityContext, allowed)),
  )
  return `${named('container', bad)} must not include ${quoted(found)} in securityContext.capabilities.add`
}

export const baselineCapabilities: Check = {
  id: 'capabilities_baseline',
  versions: [
    {
      since: 0,
      find(pod) {
        const detail = addedCapabilities(pod, defaultCapabilities)
        return detail === '' ? undefined : { reason: 'non-default capabilities', detail }
      },
    },
  ],
}

const bindingOnly: ReadonlySet<string> = new Set(['NET_BIND_SERVICE'])

function unrestrictedCapabilities(pod: CheckedPod): Violation | undefined {
  const keeping = containersWith(pod, ({ capabilities }) => !capabilities?.drop?.includes('ALL'))
  const details: string[] = []
  if (keeping.length > 0)
    details.push(`${named('container', keeping)} must set securityContext.capabilities.drop=["ALL"]`)
  const added = addedCapabilities(pod, bindingOnly)
  if (added !== '') details.push(added)
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') }
}

export const restrictedCapabilities: Check = {
  id: 'capabilities_restricted',
  overrides: 'capabilities_baseline',
  versions: [
    { since: 22, find: unrestrictedCapabilities },
    { since: 25, find: exceptOnWindows(unrestrictedCapabilities) },
  ],
}

function unmaskedProc(pod: CheckedPod): Violation | undefined {
  const isBad = (procMount: string | undefined) => procMount !== undefined && procMount !== 'Default'
  const bad = containersWith(pod, ({ procMount }) => isBad(procMount))
  if (bad.length === 0) return undefined
  const types = containersOf(pod.spec).flatMap(({ securityContext }) => securityContext?.procMount ?? [])
  const what = quoted(distinct(types.filter(isBad)))
  return { reason: 'procMount', detail: `${named('container', bad)} must not set securityContext.procMount to ${what}` }
}

export const baselineProcMount: Check = {
  id: 'procMount',
  versions: [
    { since: 0, find: unmaskedProc },
    { since: 35, find: exceptInUserNamespace(unmaskedProc) },
  ],
}

export const restrictedProcMount: Check = {
  id: 'procMount_restricted',
  overrides: 'procMount',
  versions: [{ since: 35, find: unmaskedProc }],
}

function maybeRoot(pod: CheckedPod): Violation | undefined {
  const reason = 'runAsNonRoot != true'
  const whole = pod.spec.securityContext?.runAsNonRoot
  const explicit = setters(
    whole === false,
    containersWith(pod, ({ runAsNonRoot }) => runAsNonRoot === false),
  )
  if (explicit !== '') return { reason, detail: `${explicit} must not set securityContext.runAsNonRoot=false` }
  const implicit = containersWith(pod, ({ runAsNonRoot }) => runAsNonRoot === undefined && whole !== true)
  if (implicit.length === 0) return undefined
  return { reason, detail: `pod or ${named('container', implicit)} must set securityContext.runAsNonRoot=true` }
}

export const runAsNonRoot: Check = {
  id: 'runAsNonRoot',
  versions: [
    { since: 0, find: maybeRoot },
    { since: 35, find: exceptInUserNamespace(maybeRoot) },
  ],
}

function surelyRoot(pod: CheckedPod): Violation | undefined {
  const who = setters(
    pod.spec.securityContext?.runAsUser === 0,
    containersWith(pod, ({ runAsUser }) => runAsUser === 0),
  )
  return who === '' ? undefined : { reason: 'runAsUser=0', detail: `${who} must not set runAsUser=0` }
}

export const runAsUser: Check = {
  id: 'runAsUser',
  versions: [
    { since: 23, find: surelyRoot },
    { since: 35, find: exceptInUserNamespace(surelyRoot) },
  ],
}
