import type { Pod } from '../../api/types/core/v1.ts'
import type { RuntimeClass } from '../../api/types/node/v1.ts'
import { runtimeClasses } from '../../api/types/resources.ts'
import { getOwn } from '../../machinery/own-member.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { concerns, failure, refuse, unaskable } from './refuse.ts'
import { mergeTolerations } from './tolerations.ts'

/** Overhead and placement that a Pod's runtime class asks for. After plugin/pkg/admission/runtimeclass v1.36. */
export function runtimeClass(reader: ObjectReader): AdmissionPlugin {
  const classOf = (attributes: AdmissionAttributes): Held<RuntimeClass> | undefined => {
    const name = (attributes.object as Pod).spec?.runtimeClassName
    if (name === undefined) return undefined
    const found = name === '' ? undefined : reader.get(runtimeClasses, name)
    const never = found ? undefined : unaskable(name)
    if (never !== undefined) throw failure(never)
    if (!found) throw refuse(attributes, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`)
    return found
  }
  return {
    name: 'RuntimeClass',
    handles: ['CREATE'],
    mutate(attributes) {
      if (!concerns(attributes, '', 'pods')) return
      const found = classOf(attributes)
      if (!found) return
      setOverhead(attributes, found)
      setScheduling(attributes, found)
    },
    validate(attributes) {
      if (!concerns(attributes, '', 'pods')) return
      const overhead = (attributes.object as Pod).spec?.overhead
      const defined = classOf(attributes)?.overhead
      if (!defined && overhead)
        throw refuse(attributes, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead')
      if (defined && !sameResources(overhead, defined.podFixed)) throw differentOverhead(attributes)
    },
  }
}

function setOverhead(attributes: AdmissionAttributes, { overhead }: Held<RuntimeClass>): void {
  const spec = (attributes.object as Pod).spec!
  if (!overhead?.podFixed) return
  if (spec.overhead && !sameResources(spec.overhead, overhead.podFixed)) throw differentOverhead(attributes)
  spec.overhead = { ...overhead.podFixed }
}

function differentOverhead(attributes: AdmissionAttributes): Error {
  return refuse(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
}

function setScheduling(attributes: AdmissionAttributes, { scheduling }: Held<RuntimeClass>): void {
  const spec = (attributes.object as Pod).spec!
  if (!scheduling) return
  for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
    const wanted = getOwn(spec.nodeSelector, key)
    if (wanted !== undefined && wanted !== value) {
      const pair = `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${wanted}`
      throw refuse(attributes, pair)
    }
    spec.nodeSelector = { ...spec.nodeSelector, [key]: value }
  }
  const tolerations = mergeTolerations(spec.tolerations ?? [], scheduling.tolerations ?? [])
  if (tolerations.length > 0) spec.tolerations = tolerations
}

type Amounts = Readonly<Record<string, string>>

function sameResources(left: Amounts = {}, right: Amounts = {}): boolean {
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])]
  const amount = (of: Amounts, name: string) => parseQuantity(getOwn(of, name) ?? '0').nano
  return names.every((name) => name in left === name in right && amount(left, name) === amount(right, name))
}
