import type { Binding } from '../../api/types/core/v1.ts'
import { nodes } from '../../api/types/resources.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { AdmissionPlugin } from './admission.ts'

const copied = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone']

/** A Pod learns the zone and region of the node it is bound to. After plugin/pkg/admission/podtopologylabels v1.36. */
export function podTopologyLabels(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'PodTopologyLabels',
    handles: ['CREATE'],
    mutate({ definition, subresource, object }) {
      if (definition.group !== '' || definition.plural !== 'pods' || subresource !== 'binding') return
      const binding = object as Binding
      if (binding.target.kind && binding.target.kind !== 'Node') return
      const labels = reader.get(nodes, binding.target.name ?? '')?.metadata.labels ?? {}
      const present = copied.filter((label) => labels[label] !== undefined)
      if (present.length === 0) return
      const added = Object.fromEntries(present.map((label) => [label, labels[label]!]))
      binding.metadata = { ...binding.metadata, labels: { ...binding.metadata?.labels, ...added } }
    },
  }
}
