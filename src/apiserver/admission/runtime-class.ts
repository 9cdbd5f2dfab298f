import type { Pod, Toleration } from '../../api/types/core/v1.ts'
import type { RuntimeClass } from '../../api/types/node/v1.ts'
import { runtimeClasses } from '../../api/types/resources.ts'
import { getOwn } from '../../machinery/own-member.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { concerns, refuse } from './refuse.ts'

/** Overhead and placement that a Pod's runtime class asks for. After plugin/pkg/admission/runtimeclass v1.36. */
export function runtimeClass(reader: ObjectReader): AdmissionPlugin {
  const classOf = (attributes: AdmissionAttributes): Held<RuntimeClass> | undefined => {
    const name = (attributes.object as Pod).spec?.runtimeClassName
    if (!name) return undefined
    const found = reader.get(runtimeClasses, name)
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
      if (!overhead || Object.keys(overhead).length === 0) return
      const found = classOf(attributes)
      if (!found)
        throw refuse(attributes, 'pod rejected: Pod overhead set without corresponding RuntimeClass defined Overhead')
      if (!sameResources(overhead, found.overhead?.podFixed)) throw differentOverhead(attributes)
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
  const added = (scheduling.tolerations ?? []).filter(
    (toleration) => !spec.tolerations?.some((own) => equal(own, toleration)),
  )
  if (added.length > 0)
    spec.tolerations = [...(spec.tolerations ?? []), ...added.map((toleration): Toleration => ({ ...toleration }))]
}

function sameResources(left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>> = {}): boolean {
  const names = new Set([...Object.keys(left), ...Object.keys(right)])
  return [...names].every((name) => left[name] === right[name])
}

function equal(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
