import { isDeepStrictEqual } from 'node:util'
import type { Pod } from '../../api/types/core/v1.ts'
import { nodes } from '../../api/types/resources.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { AdmissionPlugin } from './admission.ts'
import { refuse } from './refuse.ts'

type ReadonlyPod = DeepReadonly<Pod>

/** What a node must say it can, for a change of a Pod on it. After component-helpers nodedeclaredfeatures v1.36. */
const features: Readonly<Record<string, (pod: ReadonlyPod, old: ReadonlyPod) => boolean>> = {
  InPlacePodLevelResourcesVerticalScaling: (pod, old) => !isDeepStrictEqual(pod.spec?.resources, old.spec?.resources),
  InPlacePodVerticalScalingInitContainers: (pod, old) =>
    (old.spec?.initContainers ?? []).some((container, index) => {
      const resources = pod.spec?.initContainers?.[index]?.resources
      return container.restartPolicy !== 'Always' && !isDeepStrictEqual(container.resources, resources)
    }),
}

/** A Pod is not changed in ways that its node does not know. After plugin/pkg/admission/nodedeclaredfeatures v1.36. */
export function nodeDeclaredFeatureValidator(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'NodeDeclaredFeatureValidator',
    handles: ['UPDATE'],
    validate(attributes) {
      const { definition, subresource, object, oldObject } = attributes
      if (definition.group !== '' || definition.plural !== 'pods') return
      if (subresource !== '' && subresource !== 'resize') return
      const [pod, old] = [object as Pod, oldObject as ReadonlyPod]
      const nodeName = pod.spec?.nodeName
      if (!nodeName || pod.metadata?.generation === old.metadata?.generation) return
      const needed = Object.entries(features).filter(([, isNeeded]) => isNeeded(pod, old))
      if (needed.length === 0) return
      const node = reader.get(nodes, nodeName)
      const quoted = JSON.stringify(nodeName)
      if (!node) throw refuse(attributes, `node ${quoted} not found`)
      const missing = needed.map(([name]) => name).filter((name) => !node.status?.declaredFeatures?.includes(name))
      if (missing.length === 0) return
      const what = `pod update requires features ${missing.join(', ')}`
      throw refuse(attributes, `${what} which are not available on node ${quoted}`)
    },
  }
}
