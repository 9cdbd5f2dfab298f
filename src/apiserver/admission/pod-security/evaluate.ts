import type { Check, CheckedPod, Violation } from './check.ts'
import {
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbesAndHostLifecycle,
  restrictedVolumes,
  windowsHostProcess,
} from './host-access.ts'
import { appArmorProfile, baselineSeccomp, restrictedSeccomp, seLinuxOptions, sysctls } from './kernel-profiles.ts'
import type { LevelVersion } from './policy.ts'
import {
  allowPrivilegeEscalation,
  baselineCapabilities,
  baselineProcMount,
  privileged,
  restrictedCapabilities,
  restrictedProcMount,
  runAsNonRoot,
  runAsUser,
} from './privileges.ts'

/** In the order their findings are told, which is that of their names. */
const baselineChecks: readonly Check[] = [
  appArmorProfile,
  baselineCapabilities,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbesAndHostLifecycle,
  privileged,
  baselineProcMount,
  seLinuxOptions,
  baselineSeccomp,
  sysctls,
  windowsHostProcess,
]

const restrictedChecks: readonly Check[] = [
  allowPrivilegeEscalation,
  restrictedCapabilities,
  restrictedProcMount,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  restrictedSeccomp,
]

/** What a Pod does that the policy forbids. After pod-security-admission/policy registry.go v1.36. */
export function violations({ level, version }: LevelVersion, pod: CheckedPod): Violation[] {
  if (level === 'privileged') return []
  const minor = version === 'latest' ? Number.POSITIVE_INFINITY : version
  const inForce = (check: Check) => check.versions.findLast(({ since }) => since <= minor)
  const strict = level === 'restricted' ? restrictedChecks.filter(inForce) : []
  const overridden = new Set(strict.map(({ overrides }) => overrides))
  const checks = [...baselineChecks.filter(({ id }) => !overridden.has(id)), ...strict]
  return checks.map((check) => inForce(check)?.find(pod)).filter((found) => found !== undefined)
}

/** `host namespaces (hostPID=true), privileged (…)`. */
export function violationDetails(found: readonly Violation[]): string {
  return found.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ')
}
