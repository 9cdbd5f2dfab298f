import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Container, Pod, PodSpec, ResourceRequirements } from '../types/core/v1.ts'

/** What `/resize` may change: cpu and memory. After pkg/apis/core/validation ValidatePodResize v1.36. */

type ReadonlyPod = DeepReadonly<Pod>
type Resources = DeepReadonly<ResourceRequirements>
type AnyContainer = DeepReadonly<Container>

export interface Resize {
  readonly pod: ReadonlyPod
  readonly old: ReadonlyPod
  /** The quality of service of each, by what it asks for. */
  readonly qosClasses: { readonly now: string; readonly before: string }
}

const mirror = 'kubernetes.io/config.mirror'
const onlyCpuAndMemory = 'only cpu and memory resources are mutable'

/** `errors` holds what is wrong with the Pod itself. Answers all errors: some refusals stand alone. */
export function resizeErrors({ pod, old, qosClasses }: Resize, errors: FieldError[]): FieldError[] {
  if (old.metadata?.annotations?.[mirror] !== undefined) {
    return [forbiddenField('', 'static pods cannot be resized')]
  }
  if (old.spec?.os?.name === 'windows') return [forbiddenField('', 'windows pods cannot be resized')]
  if (qosClasses.now !== qosClasses.before) {
    const why = 'Pod QOS Class may not change as a result of resizing'
    errors.push(invalidField('spec', pod.status?.qosClass ?? '', why))
  }
  const running = old.status?.containerStatuses?.find(({ state }) => state?.running)
  if (running && !running.resources) {
    errors.push(forbiddenField('spec', 'Pod running on node without support for resize'))
  }
  const spec = pod.spec ?? { containers: [] }
  const before = old.spec ?? { containers: [] }
  const resources = checkPodLevel(spec.resources, before.resources, errors)
  if (!checkOrder(spec, before, errors)) return errors
  checkRemovals(spec, before, errors)
  const containers = checkContainers(spec, before, errors)
  const initContainers = checkInitContainers(spec, before, errors)
  if (errors.length > 0) return errors
  const munged = { ...spec, ...(resources && { resources }), containers, ...(initContainers && { initContainers }) }
  return isDeepStrictEqual(munged, before) ? [] : [forbiddenField('spec', onlyCpuAndMemory)]
}

/** Answers the new resources with cpu and memory as they were. */
function checkPodLevel(
  now: Resources | undefined,
  before: Resources | undefined,
  errors: FieldError[],
): Resources | undefined {
  if (before && !now) {
    errors.push(forbiddenField('spec.resources', 'pod-level resources cannot be removed'))
    return before
  }
  if (!now) return undefined
  if (before) {
    for (const kind of ['requests', 'limits'] as const) {
      if (!isRemoved(now[kind], before[kind])) continue
      const why = `pod-level resource ${kind} cannot be removed`
      errors.push(forbiddenField(`spec.resources.${kind}`, why))
    }
  }
  const kept = keepCpuAndMemory(now, before ?? {})
  if (!isDeepStrictEqual(kept, before ?? {})) {
    errors.push(forbiddenField('spec', `${onlyCpuAndMemory} at pod-level`))
  }
  return before ? kept : undefined
}

function checkOrder(spec: DeepReadonly<PodSpec>, before: DeepReadonly<PodSpec>, errors: FieldError[]): boolean {
  const count = errors.length
  for (const list of ['containers', 'initContainers'] as const) {
    const [now, then] = [spec[list] ?? [], before[list] ?? []]
    if (now.length !== then.length) {
      errors.push(forbiddenField(`spec.${list}`, `${list} may not be added or removed on resize`))
      continue
    }
    then.forEach(({ name }, index) => {
      if (now[index]!.name === name) return
      const why = `${list} may not be renamed or reordered on resize`
      errors.push(forbiddenField(`spec.${list}[${index}].name`, why))
    })
  }
  return errors.length === count
}

type List = Resources['requests']

function isRemoved(now: List, before: List): boolean {
  return Object.keys(before ?? {}).some((name) => !Object.hasOwn(now ?? {}, name))
}

function checkRemovals(spec: DeepReadonly<PodSpec>, before: DeepReadonly<PodSpec>, errors: FieldError[]): void {
  for (const list of ['initContainers', 'containers'] as const) {
    before[list]?.forEach(({ resources }, index) => {
      const now = spec[list]?.[index]?.resources
      for (const kind of ['requests', 'limits'] as const) {
        if (!isRemoved(now?.[kind], resources?.[kind])) continue
        const at = `spec.${list}[${index}].resources.${kind}`
        errors.push(forbiddenField(at, `resource ${kind} cannot be removed`))
      }
    })
  }
}

function checkContainers(
  { containers }: DeepReadonly<PodSpec>,
  before: DeepReadonly<PodSpec>,
  errors: FieldError[],
): readonly AnyContainer[] {
  return (containers ?? []).map((container, index) => {
    const old = before.containers[index]!
    const munged = withCpuAndMemoryOf(container, old)
    if (!isSame(munged, old)) errors.push(forbiddenField('spec', onlyCpuAndMemory))
    return old
  })
}

function checkInitContainers(
  { initContainers }: DeepReadonly<PodSpec>,
  before: DeepReadonly<PodSpec>,
  errors: FieldError[],
): readonly AnyContainer[] | undefined {
  return initContainers?.map((container, index) => {
    const old = before.initContainers![index]!
    const at = `spec.initContainers[${index}]`
    if (!isSame(withCpuAndMemoryOf(container, old), old)) {
      const why = 'only cpu and memory resources for init or sidecar containers are mutable'
      errors.push(forbiddenField(at, why))
    }
    if (container.restartPolicy === 'Always' || isSame(container, old)) return old
    for (const { restartPolicy } of container.resizePolicy ?? []) {
      if (restartPolicy !== 'RestartContainer') continue
      const why = 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized'
      errors.push(forbiddenField(at, why))
    }
    return old
  })
}

/** Equal, a list or object that is empty counting as none. */
function isSame(now: AnyContainer, before: AnyContainer): boolean {
  return isDeepStrictEqual(withoutEmpty(now), withoutEmpty(before))
}

function withoutEmpty(container: AnyContainer): object {
  const resources = Object.fromEntries(
    Object.entries(container.resources ?? {}).filter(([, list]) => Object.keys(list ?? {}).length > 0),
  )
  const { resizePolicy, ...rest } = container
  return { ...rest, resources, ...(resizePolicy?.length && { resizePolicy }) }
}

function withCpuAndMemoryOf(container: AnyContainer, old: AnyContainer): AnyContainer {
  const { limits, requests } = keepCpuAndMemory(container.resources ?? {}, old.resources ?? {})
  return { ...container, resources: { ...(limits && { limits }), ...(requests && { requests }) } }
}

function keepCpuAndMemory(now: Resources, before: Resources): Resources {
  const kept: { -readonly [K in keyof ResourceRequirements]: Resources[K] } = { ...now }
  for (const kind of ['requests', 'limits'] as const) {
    const list: Record<string, string> = { ...now[kind] }
    for (const name of ['cpu', 'memory']) {
      const amount = before[kind]?.[name]
      if (amount === undefined) delete list[name]
      else list[name] = amount
    }
    if (Object.keys(list).length > 0) kept[kind] = list
    else delete kept[kind]
  }
  return kept as Resources
}
