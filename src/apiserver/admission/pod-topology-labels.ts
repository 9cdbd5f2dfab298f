import type { Binding, Pod } from '../../api/types/core/v1.ts'
import { nodes } from '../../api/types/resources.ts'
import type { KubeObject } from '../../machinery/object.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { AdmissionPlugin } from './admission.ts'

const copied = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone']

/** A Pod learns the zone and region of the node it is bound to. After plugin/pkg/admission/podtopologylabels v1.36. */
export function podTopologyLabels(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'PodTopologyLabels',
    handles: ['CREATE'],
    mutate({ definition, subresource, object }) {
      if (definition.group !== '' || definition.plural !== 'pods') return
      const nodeName = nodeNameIn(object, subresource)
      const labels = (nodeName && reader.get(nodes, nodeName)?.metadata.labels) || {}
      const present = copied.filter((label) => labels[label] !== undefined)
      if (present.length === 0) return
      const added = Object.fromEntries(present.map((label) => [label, labels[label]!]))
      object!.metadata = { ...object!.metadata, labels: { ...object!.metadata?.labels, ...added } }
    },
  }
}

/** Of a Pod that comes with its node, or of what binds one. */
function nodeNameIn(object: KubeObject | undefined, subresource: string): string | undefined {
  if (subresource === '') return (object as Pod).spec?.nodeName
  if (subresource !== 'binding') return undefined
  const { target } = object as Binding
  return target.kind === 'Node' ? target.name : undefined
}
