import type { FieldError } from '../../machinery/errors.ts'
import {
  duplicateField,
  invalidField,
  notSupportedField,
  requiredField,
  tooLongField,
} from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { AppArmorProfile, PodSpec, SeccompProfile, SecurityContext } from '../types/core/v1.ts'
import { checkForm, checkOneOf } from './checks.ts'
import { descendingPathErrors, idErrors } from './formats.ts'
import { checkWindowsOptions } from './windows-options.ts'

/** After pkg/apis/core/validation ValidateSecurityContext and validatePodSpecSecurityContext. */

function checkId(id: number | undefined, path: string, errors: FieldError[]): void {
  if (id !== undefined) for (const why of idErrors(id)) errors.push(invalidField(path, id, why))
}

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined']

function checkSeccomp(profile: DeepReadonly<SeccompProfile> | undefined, path: string, errors: FieldError[]): void {
  if (!profile) return
  const { type, localhostProfile } = profile
  if (!type) errors.push(requiredField(`${path}.type`, 'type is required when seccompProfile is set'))
  else if (!profileTypes.includes(type)) errors.push(notSupportedField(`${path}.type`, type, profileTypes))
  const at = `${path}.localhostProfile`
  if (type === 'Localhost') {
    if (localhostProfile === undefined) errors.push(requiredField(at, 'must be set when seccomp type is Localhost'))
    else checkForm(descendingPathErrors, localhostProfile, at, errors)
  } else if (localhostProfile !== undefined) {
    // Upstream shows the whole profile under Go's field names.
    const shown = { Type: type ?? '', LocalhostProfile: localhostProfile }
    errors.push(invalidField(at, shown, 'can only be set when seccomp type is Localhost'))
  }
}

const maxProfileLength = 4_095

function checkAppArmor(profile: DeepReadonly<AppArmorProfile> | undefined, path: string, errors: FieldError[]): void {
  if (!profile) return
  const { type, localhostProfile } = profile
  const at = `${path}.localhostProfile`
  if (type === 'Localhost') {
    if (!localhostProfile?.trim()) errors.push(requiredField(at, 'must be set when AppArmor type is Localhost'))
    else if (localhostProfile.trim() !== localhostProfile) {
      errors.push(invalidField(at, localhostProfile, 'must not be padded with whitespace'))
    }
    if (localhostProfile && localhostProfile.length > maxProfileLength) errors.push(tooLongField(at, maxProfileLength))
  } else if (!type) errors.push(requiredField(`${path}.type`, 'type is required when appArmorProfile is set'))
  else if (!profileTypes.includes(type)) errors.push(notSupportedField(`${path}.type`, type, profileTypes))
  else if (localhostProfile !== undefined) {
    errors.push(invalidField(at, localhostProfile, 'can only be set when AppArmor type is Localhost'))
  }
}

/** A container's context, as Go's struct shows it in errors that quote the whole of it. */
function goView(context: DeepReadonly<SecurityContext>): object {
  const { capabilities, seLinuxOptions } = context
  return {
    Capabilities: capabilities ? { Add: capabilities.add ?? null, Drop: capabilities.drop ?? null } : null,
    Privileged: context.privileged ?? null,
    SELinuxOptions: seLinuxOptions ?? null,
    WindowsOptions: context.windowsOptions ?? null,
    RunAsUser: context.runAsUser ?? null,
    RunAsGroup: context.runAsGroup ?? null,
    RunAsNonRoot: context.runAsNonRoot ?? null,
    ReadOnlyRootFilesystem: context.readOnlyRootFilesystem ?? null,
    AllowPrivilegeEscalation: context.allowPrivilegeEscalation ?? null,
    ProcMount: context.procMount ?? null,
    SeccompProfile: context.seccompProfile ?? null,
    AppArmorProfile: context.appArmorProfile ?? null,
  }
}

export function checkSecurityContext(
  context: DeepReadonly<SecurityContext> | undefined,
  { hostUsers }: { hostUsers: boolean },
  path: string,
  errors: FieldError[],
): void {
  if (!context) return
  checkId(context.runAsUser, `${path}.runAsUser`, errors)
  checkId(context.runAsGroup, `${path}.runAsGroup`, errors)
  if (context.procMount !== undefined) {
    checkOneOf(context.procMount, ['Default', 'Unmasked'], `${path}.procMount`, errors)
    if (hostUsers && context.procMount === 'Unmasked') {
      errors.push(invalidField(`${path}.procMount`, 'Unmasked', '`hostUsers` must be false to use `Unmasked`'))
    }
  }
  checkSeccomp(context.seccompProfile, `${path}.seccompProfile`, errors)
  if (context.allowPrivilegeEscalation === false) {
    const cannot = 'cannot set `allowPrivilegeEscalation` to false and'
    if (context.privileged) errors.push(invalidField(path, goView(context), `${cannot} \`privileged\` to true`))
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      errors.push(invalidField(path, goView(context), `${cannot} \`capabilities.Add\` CAP_SYS_ADMIN`))
    }
  }
  checkWindowsOptions(context.windowsOptions, `${path}.windowsOptions`, errors)
  checkAppArmor(context.appArmorProfile, `${path}.appArmorProfile`, errors)
}

const sysctlSegment = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const sysctlPattern = `^(${sysctlSegment}[\\./])*${sysctlSegment}$`
const sysctlForm = new RegExp(sysctlPattern)
const sysctlMaxLength = 253

/** Sysctls that belong to the namespace a Pod shares with the host. */
const hostSysctls: readonly { field: 'hostNetwork' | 'hostIPC'; form: RegExp }[] = [
  { field: 'hostNetwork', form: /^net[./]/ },
  { field: 'hostIPC', form: /^(kernel[./](shm|msg|sem)|fs[./]mqueue[./])/ },
]

function checkSysctls(spec: DeepReadonly<PodSpec>, path: string, errors: FieldError[]): void {
  const seen = new Set<string>()
  spec.securityContext?.sysctls?.forEach(({ name = '' }, index) => {
    const at = `${path}[${index}].name`
    if (name === '') errors.push(requiredField(at))
    else if (name.length > sysctlMaxLength || !sysctlForm.test(name)) {
      const why = `must have at most ${sysctlMaxLength} characters and match regex ${sysctlPattern}`
      errors.push(invalidField(at, name, why))
    } else if (seen.has(name)) errors.push(duplicateField(at, name))
    const shared = hostSysctls.find(({ field, form }) => spec[field] && form.test(name))
    if (shared) errors.push(invalidField(at, name, `may not be specified when '${shared.field}' is true`))
    seen.add(name)
  })
}

export function checkPodSecurityContext(spec: DeepReadonly<PodSpec>, path: string, errors: FieldError[]): void {
  const context = spec.securityContext ?? {}
  checkId(context.fsGroup, `${path}.fsGroup`, errors)
  checkId(context.runAsUser, `${path}.runAsUser`, errors)
  checkId(context.runAsGroup, `${path}.runAsGroup`, errors)
  context.supplementalGroups?.forEach((id, index) => {
    checkId(id, `${path}.supplementalGroups[${index}]`, errors)
  })
  if (spec.shareProcessNamespace && spec.hostPID) {
    const why = 'ShareProcessNamespace and HostPID cannot both be enabled'
    errors.push(invalidField(`${path}.shareProcessNamespace`, true, why))
  }
  checkSysctls(spec, `${path}.sysctls`, errors)
  if (context.fsGroupChangePolicy !== undefined) {
    checkOneOf(context.fsGroupChangePolicy, ['Always', 'OnRootMismatch'], `${path}.fsGroupChangePolicy`, errors)
  }
  checkSeccomp(context.seccompProfile, `${path}.seccompProfile`, errors)
  checkWindowsOptions(context.windowsOptions, `${path}.windowsOptions`, errors)
  checkAppArmor(context.appArmorProfile, `${path}.appArmorProfile`, errors)
  if (context.supplementalGroupsPolicy !== undefined) {
    checkOneOf(context.supplementalGroupsPolicy, ['Merge', 'Strict'], `${path}.supplementalGroupsPolicy`, errors)
  }
  if (context.seLinuxChangePolicy !== undefined) {
    checkOneOf(context.seLinuxChangePolicy, ['Recursive'], `${path}.seLinuxChangePolicy`, errors)
  }
}
