import type { Pod } from '../../api/types/core/v1.ts'
import { priorityClasses } from '../../api/types/resources.ts'
import type { PriorityClass } from '../../api/types/scheduling/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { concerns, refuse } from './refuse.ts'

interface ResolvedPriority {
  readonly className: string
  readonly value: number
  readonly preemptionPolicy: string
}

/** Turns a Pod's priority class into its priority. After plugin/pkg/admission/priority v1.36. */
export function priority(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'Priority',
    handles: ['CREATE', 'UPDATE'],
    mutate(attributes) {
      if (!concerns(attributes, '', 'pods')) return
      if (attributes.operation === 'CREATE') admitPod(attributes, reader)
      else keepPriority(attributes)
    },
    validate(attributes) {
      if (!concerns(attributes, 'scheduling.k8s.io', 'priorityclasses')) return
      const { globalDefault, metadata } = attributes.object as PriorityClass
      if (!globalDefault) return
      const current = defaultClass(reader)
      if (current && (attributes.operation === 'CREATE' || current.metadata.name !== metadata?.name)) {
        const why = `PriorityClass ${current.metadata.name} is already marked as default. Only one default can exist`
        throw refuse(attributes, why)
      }
    },
  }
}

function admitPod(attributes: AdmissionAttributes, reader: ObjectReader): void {
  const spec = (attributes.object as Pod).spec!
  const { className, value, preemptionPolicy } = resolve(attributes, spec.priorityClassName ?? '', reader)
  if (className !== '') spec.priorityClassName = className
  if (spec.priority !== undefined && spec.priority !== value) {
    const given = `the integer value of priority (${spec.priority}) must not be provided in pod spec`
    throw refuse(
      attributes,
      `${given}; priority admission controller computed ${value} from the given PriorityClass name`,
    )
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy) {
    const given = `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec`
    const computed = `priority admission controller computed ${preemptionPolicy} from the given PriorityClass name`
    throw refuse(attributes, `${given}; ${computed}`)
  }
  spec.priority = value
  spec.preemptionPolicy = preemptionPolicy as NonNullable<typeof spec.preemptionPolicy>
}

/** What was computed once need not be sent back with every update. */
function keepPriority({ object, oldObject }: AdmissionAttributes): void {
  const spec = (object as Pod).spec!
  const { priority: value, preemptionPolicy } = (oldObject as DeepReadonly<Pod>).spec ?? {}
  if (value !== undefined) spec.priority ??= value
  if (preemptionPolicy !== undefined) spec.preemptionPolicy ??= preemptionPolicy
}

function resolve(attributes: AdmissionAttributes, name: string, reader: ObjectReader): ResolvedPriority {
  const found = name === '' ? defaultClass(reader) : reader.get(priorityClasses, name)
  if (found) {
    const { metadata, value, preemptionPolicy = 'PreemptLowerPriority' } = found
    return { className: metadata.name, value: value ?? 0, preemptionPolicy }
  }
  if (name !== '') throw refuse(attributes, `no PriorityClass with name ${name} was found`)
  return { className: '', value: 0, preemptionPolicy: 'PreemptLowerPriority' }
}

/** Of several global defaults, which a race can make, the least one counts. */
function defaultClass(reader: ObjectReader): Held<PriorityClass> | undefined {
  let found: Held<PriorityClass> | undefined
  for (const candidate of reader.list(priorityClasses)) {
    if (candidate.globalDefault && (!found || (candidate.value ?? 0) < (found.value ?? 0))) found = candidate
  }
  return found
}
