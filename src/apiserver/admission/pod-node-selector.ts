import type { Namespace, Pod } from '../../api/types/core/v1.ts'
import { namespaces } from '../../api/types/resources.ts'
import { notFound } from '../../machinery/errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { concerns, failure, refuse } from './refuse.ts'

type Labels = Readonly<Record<string, string>>

/**
 * Selectors such as `env=test,zone=a`: by namespace those that its Pods may use; under `clusterDefaultNodeSelector`
 * that of the Pods of namespaces which name none.
 */
export type PodNodeSelectorConfiguration = Readonly<Record<string, string>>

const annotation = 'scheduler.alpha.kubernetes.io/node-selector'

/** Where a namespace's Pods may run. After plugin/pkg/admission/podnodeselector v1.36. */
export function podNodeSelector(reader: ObjectReader, selectors: PodNodeSelectorConfiguration = {}): AdmissionPlugin {
  const selectorOf = (attributes: AdmissionAttributes): Labels => {
    const namespace = reader.get(namespaces, attributes.namespace)
    if (!namespace) throw notFound({ group: '', resource: 'namespaces' }, attributes.namespace)
    return labelsOf(ownSelector(namespace) ?? selectors.clusterDefaultNodeSelector ?? '')
  }
  const check = (attributes: AdmissionAttributes) => {
    const own = (attributes.object as Pod).spec?.nodeSelector ?? {}
    if (conflicts(selectorOf(attributes), own)) {
      throw refuse(attributes, 'pod node label selector conflicts with its namespace node label selector')
    }
    const allowed = labelsOf(selectors[attributes.namespace] ?? '')
    if (Object.keys(allowed).length === 0 || isSubset(own, allowed)) return
    throw refuse(attributes, 'pod node label selector labels conflict with its namespace whitelist')
  }
  return {
    name: 'PodNodeSelector',
    handles: ['CREATE'],
    mutate(attributes) {
      if (!concerns(attributes, '', 'pods')) return
      const pod = attributes.object as Pod
      const wanted = selectorOf(attributes)
      if (conflicts(wanted, pod.spec?.nodeSelector ?? {})) {
        throw refuse(attributes, 'pod node label selector conflicts with its namespace node label selector')
      }
      if (pod.spec && Object.keys(wanted).length > 0) pod.spec.nodeSelector = { ...wanted, ...pod.spec.nodeSelector }
      check(attributes)
    },
    validate(attributes) {
      if (concerns(attributes, '', 'pods')) check(attributes)
    },
  }
}

function ownSelector({ metadata }: DeepReadonly<Namespace>): string | undefined {
  return metadata?.annotations?.[annotation]
}

/** After apimachinery labels ConvertSelectorToLabelsMap. Throws a 500 when it is no list of `key=value`. */
function labelsOf(selector: string): Labels {
  if (selector === '') return {}
  const pairs = selector.split(',').map((pair) => pair.split('='))
  const wrong = pairs.find((pair) => pair.length !== 2)
  if (wrong) throw failure(`invalid selector: [${pairs.map((pair) => pair.join('=')).join(' ')}]`)
  return Object.fromEntries(pairs.map(([key = '', value = '']) => [key.trim(), value.trim()]))
}

function conflicts(left: Labels, right: Labels): boolean {
  return Object.entries(left).some(([key, value]) => right[key] !== undefined && right[key] !== value)
}

function isSubset(labels: Labels, allowed: Labels): boolean {
  return Object.entries(labels).every(([key, value]) => allowed[key] === value)
}
