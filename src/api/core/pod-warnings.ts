import { labelValueErrors } from '../../machinery/label-syntax.ts'
import type { DeepReadonly, ObjectMeta } from '../../machinery/object.ts'
import { deprecatedNodeLabels } from '../node/deprecated-labels.ts'
import type { Affinity, Pod, PodAffinityTerm, PodSpec, PodTemplateSpec } from '../types/core/v1.ts'
import { labelFormErrors } from '../validation/formats.ts'
import { ipWarnings } from '../validation/ip.ts'
import { templateAppArmorWarning } from './app-armor.ts'
import { type AnyContainer, containerWarnings, portWarnings } from './container-warnings.ts'
import { fractionalBytesWarnings, nodeTermWarnings, volumeWarnings } from './volume-warnings.ts'

/** What is old, odd or without effect in a Pod. After pkg/api/pod warnings.go v1.36. */

type Spec = DeepReadonly<PodSpec>
type Annotations = Readonly<Record<string, string>>

/** Warnings of a new Pod; those of an update are none. */
export function podWarnings({ metadata, spec }: DeepReadonly<Pod>): string[] {
  return [...hostnameWarnings(metadata?.name, "the Pod's hostname"), ...specWarnings(spec, metadata, '')]
}

/** Of Pods and of all that names them. `used` says what for: `Pod names and hostnames`. */
export function hostnameWarnings(name = '', used: string): string[] {
  const why = labelFormErrors(name)
  if (why.length === 0) return []
  const text = `this is used in ${used}, which can result in surprising behavior; a DNS label is recommended`
  return [`metadata.name: ${text}: [${why.join(' ')}]`]
}

/** Warnings of a template, which stands at `path`. */
export function podTemplateWarnings(template: DeepReadonly<PodTemplateSpec> | undefined, path: string): string[] {
  if (!template) return []
  return specWarnings(template.spec, template.metadata, path)
}

/** `path` is empty for Pods, whose AppArmor annotations are spoken of where they are turned into fields. */
function specWarnings(spec: Spec | undefined, metadata: DeepReadonly<ObjectMeta> | undefined, path: string): string[] {
  if (!spec) return []
  const at = path === '' ? 'spec' : `${path}.spec`
  const annotationsPath = `${path === '' ? '' : `${path}.`}metadata.annotations`
  const annotations = metadata?.annotations ?? {}
  return [
    ...placementWarnings(spec, at),
    ...annotationWarnings(annotations, annotationsPath),
    ...volumeWarnings(spec.volumes, at),
    ...duplicateWarnings(spec, at),
    ...overheadWarnings(spec, at),
    ...seccompWarnings(spec, annotations, annotationsPath),
    ...containersOf(spec, at).flatMap(({ container, path: containerPath }) => [
      ...containerSeccompWarnings(container, annotations, annotationsPath),
      ...(path === '' ? [] : templateAppArmorWarning({ spec, container, annotations, path: annotationsPath })),
      ...containerWarnings(container, containerPath),
    ]),
    ...portWarnings(containersOf(spec, at)),
    ...gracePeriodWarnings(spec, at),
    ...affinityWarnings(spec.affinity, `${at}.affinity`),
    ...addressWarnings(spec, at),
  ]
}

/** In the order in which upstream visits them. */
function containersOf(spec: Spec, path: string): { container: AnyContainer; path: string }[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((container, index) => ({ container, path: `${path}.${list}[${index}]` })),
  )
}

const nullSelector = 'a null labelSelector results in matching no pod'

function placementWarnings(spec: Spec, path: string): string[] {
  const node = spec.affinity?.nodeAffinity
  const required = node?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const preferred = node?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  const nodePath = `${path}.affinity.nodeAffinity`
  return [
    ...Object.keys(spec.nodeSelector ?? {}).flatMap((key) => {
      const why = deprecatedNodeLabels.get(key)
      return why === undefined ? [] : [`${path}.nodeSelector[${key}]: ${why}`]
    }),
    ...required.flatMap((term, index) =>
      nodeTermWarnings(term, `${nodePath}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`),
    ),
    ...preferred.flatMap(({ preference }, index) => {
      const at = `${nodePath}.preferredDuringSchedulingIgnoredDuringExecution[${index}].preference`
      return [...nodeTermWarnings(preference ?? {}, at), ...labelValueWarnings(preference?.matchExpressions, at)]
    }),
    ...(spec.topologySpreadConstraints ?? []).flatMap(({ topologyKey, labelSelector }, index) => {
      const at = `${path}.topologySpreadConstraints[${index}]`
      const why = deprecatedNodeLabels.get(topologyKey)
      return [
        ...(why === undefined ? [] : [`${at}.topologyKey: ${topologyKey} is ${why}`]),
        ...(labelSelector ? [] : [`${at}.labelSelector: ${nullSelector}`]),
      ]
    }),
  ]
}

function labelValueWarnings(
  expressions: readonly { readonly values?: readonly string[] }[] | undefined,
  path: string,
): string[] {
  return (expressions ?? []).flatMap(({ values }, index) =>
    (values ?? []).flatMap((value, place) =>
      labelValueErrors(value).map(
        (why) => `${path}.matchExpressions[${index}].values[${place}]: ${value} is invalid, ${why}`,
      ),
    ),
  )
}

const useSysctls = 'non-functional in v1.11+; use the "sysctls" field instead'
const oldAnnotations: Annotations = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': useSysctls,
  'security.alpha.kubernetes.io/unsafe-sysctls': useSysctls,
}

function annotationWarnings(annotations: Annotations, path: string): string[] {
  return Object.entries(oldAnnotations)
    .filter(([key]) => annotations[key] !== undefined)
    .map(([key, why]) => `${path}[${key}]: ${why}`)
}

function duplicateWarnings({ hostAliases = [], imagePullSecrets = [] }: Spec, path: string): string[] {
  const addresses = hostAliases.map(({ ip }) => ip)
  const names = imagePullSecrets.map(({ name = '' }) => name)
  const isRepeated = (value: string, index: number, all: readonly string[]) => all.indexOf(value) < index
  return [
    ...addresses.flatMap((ip, index) =>
      isRepeated(ip, index, addresses) ? [`${path}.hostAliases[${index}].ip: duplicate ip ${JSON.stringify(ip)}`] : [],
    ),
    ...names.flatMap((name, index) =>
      isRepeated(name, index, names)
        ? [`${path}.imagePullSecrets[${index}].name: duplicate name ${JSON.stringify(name)}`]
        : [],
    ),
    ...names.flatMap((name, index) =>
      name === '' ? [`${path}.imagePullSecrets[${index}].name: invalid empty name ""`] : [],
    ),
  ]
}

function overheadWarnings({ overhead }: Spec, path: string): string[] {
  if (!overhead) return []
  return ['memory', 'ephemeral-storage'].flatMap((name) =>
    fractionalBytesWarnings(overhead[name], `${path}.overhead[${name}]`),
  )
}

const useSeccomp = 'non-functional in v1.27+; use the "seccompProfile" field instead'
const podSeccomp = 'seccomp.security.alpha.kubernetes.io/pod'
const containerSeccomp = 'container.seccomp.security.alpha.kubernetes.io/'

function seccompWarnings({ securityContext }: Spec, annotations: Annotations, path: string): string[] {
  if (securityContext?.seccompProfile || annotations[podSeccomp] === undefined) return []
  return [`${path}[${podSeccomp}]: ${useSeccomp}`]
}

function containerSeccompWarnings(container: AnyContainer, annotations: Annotations, path: string): string[] {
  const key = `${containerSeccomp}${container.name}`
  if (annotations[key] === undefined || container.securityContext?.seccompProfile) return []
  return [`${path}[${key}]: ${useSeccomp}`]
}

function gracePeriodWarnings({ terminationGracePeriodSeconds: seconds = 0 }: Spec, path: string): string[] {
  if (seconds >= 0) return []
  const why = 'must be >= 0; negative values are invalid and will be treated as 1'
  return [`${path}.terminationGracePeriodSeconds: ${why}`]
}

function affinityWarnings(affinity: DeepReadonly<Affinity> | undefined, path: string): string[] {
  const isNull = ({ labelSelector }: DeepReadonly<PodAffinityTerm>) => !labelSelector
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((field) => {
    const required = affinity?.[field]?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    const preferred = affinity?.[field]?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    const at = (rule: string, index: number) =>
      `${path}.${field}.${rule}DuringSchedulingIgnoredDuringExecution[${index}]`
    return [
      ...required.flatMap((term, index) =>
        isNull(term) ? [`${at('required', index)}.labelSelector: ${nullSelector}`] : [],
      ),
      ...preferred.flatMap(({ podAffinityTerm }, index) =>
        isNull(podAffinityTerm ?? { topologyKey: '' })
          ? [`${at('preferred', index)}.podAffinityTerm.labelSelector: ${nullSelector}`]
          : [],
      ),
    ]
  })
}

function addressWarnings({ dnsConfig, hostAliases }: Spec, path: string): string[] {
  return [
    ...(dnsConfig?.nameservers ?? []).flatMap((address, index) =>
      ipWarnings(address, `${path}.dnsConfig.nameservers[${index}]`),
    ),
    ...(hostAliases ?? []).flatMap(({ ip }, index) => ipWarnings(ip, `${path}.hostAliases[${index}].ip`)),
  ]
}
