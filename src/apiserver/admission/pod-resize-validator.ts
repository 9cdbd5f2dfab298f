import { podAmounts } from '../../api/core/pod-amounts.ts'
import type { Node, Pod } from '../../api/types/core/v1.ts'
import { nodes } from '../../api/types/resources.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { parseQuantity, quantityOf } from '../../machinery/quantity.ts'
import { StatusError } from '../../machinery/status.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { refuse } from './refuse.ts'

/** A Pod grows only to what its node has. After plugin/pkg/admission/podresize v1.36. */
export function podResizeValidator(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'PodResizeValidator',
    handles: ['UPDATE'],
    validate(attributes) {
      const { definition, subresource, object, oldObject } = attributes
      if (definition.group !== '' || definition.plural !== 'pods' || subresource !== 'resize') return
      const pod = object as Pod
      const nodeName = pod.spec?.nodeName
      // Only a change of the spec counts the generation up.
      if (!nodeName || pod.metadata?.generation === oldObject?.metadata?.generation) return
      const node = reader.get(nodes, nodeName)
      if (!node) throw refuse(attributes, `node ${JSON.stringify(nodeName)} not found`)
      const os = node.metadata.labels?.['kubernetes.io/os'] ?? 'linux'
      if (os !== 'linux') {
        const which = `node ${JSON.stringify(nodeName)} is ${JSON.stringify(os)}`
        throw because(attributes, `pod resize is only supported on linux nodes, ${which}`, 'UnsupportedPlatform')
      }
      const lacking = lackingOf(pod, node)
      if (lacking.length === 0) return
      const why = `node didn't have enough allocatable resources: ${lacking.join('; ')}`
      throw because(attributes, why, 'NodeCapacity')
    },
  }
}

function because(attributes: AdmissionAttributes, why: string, reason: string): StatusError {
  const { status } = refuse(attributes, why)
  const causes = [...(status.details?.causes ?? []), { reason }]
  return new StatusError({ ...status, details: { ...status.details, causes } })
}

function lackingOf(pod: Pod, node: DeepReadonly<Node>): string[] {
  const requests = podAmounts(pod, 'requests')
  const has = (name: string) => parseQuantity(node.status?.allocatable?.[name] ?? '0')
  const wants = (name: string) => requests.get(name) ?? quantityOf(0)
  const lacking: string[] = []
  const [cpu, memory] = [wants('cpu'), wants('memory')]
  if (cpu.compare(has('cpu')) > 0) {
    lacking.push(`cpu, requested: ${cpu.milli()}, allocatable: ${has('cpu').milli()}`)
  }
  if (memory.compare(has('memory')) > 0) {
    lacking.push(`memory, requested: ${memory.value()}, allocatable: ${has('memory').value()}`)
  }
  return lacking
}
