import { qosClassOf } from '../../api/core/pod-qos.ts'
import type { Pod, Toleration } from '../../api/types/core/v1.ts'
import { namespaces } from '../../api/types/resources.ts'
import { notFound } from '../../machinery/errors.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { concerns, failure } from './refuse.ts'
import { mergeTolerations, type ReadonlyToleration, toleratesAll } from './tolerations.ts'

/** `podtolerationrestriction.admission.k8s.io/v1alpha1` Configuration: for namespaces that say nothing themselves. */
export interface PodTolerationRestrictionConfiguration {
  readonly default?: readonly ReadonlyToleration[]
  readonly whitelist?: readonly ReadonlyToleration[]
}

const defaultsAnnotation = 'scheduler.alpha.kubernetes.io/defaultTolerations'
const whitelistAnnotation = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist'

const memoryPressure: Toleration = {
  key: 'node.kubernetes.io/memory-pressure',
  operator: 'Exists',
  effect: 'NoSchedule',
}

/** What a namespace's Pods tolerate, and may. After plugin/pkg/admission/podtolerationrestriction v1.36. */
export function podTolerationRestriction(
  reader: ObjectReader,
  configuration: PodTolerationRestrictionConfiguration = {},
): AdmissionPlugin {
  const annotated = ({ namespace }: AdmissionAttributes, key: string): readonly ReadonlyToleration[] | undefined => {
    const found = reader.get(namespaces, namespace)
    if (!found) throw notFound({ group: '', resource: 'namespaces' }, namespace)
    return parseTolerations(found.metadata.annotations?.[key])
  }
  const check = (attributes: AdmissionAttributes) => {
    const tolerations = (attributes.object as Pod).spec?.tolerations ?? []
    if (tolerations.length === 0) return
    const own = annotated(attributes, whitelistAnnotation)
    const whitelist = own ?? configuration.whitelist ?? []
    if (whitelist.length === 0) return
    if (tolerations.every((toleration) => whitelist.some((allowed) => toleratesAll(allowed, toleration)))) return
    const merged = 'pod tolerations (possibly merged with namespace default tolerations)'
    throw failure(`${merged} conflict with its ${own ? 'namespace' : 'cluster'} whitelist`)
  }
  return {
    name: 'PodTolerationRestriction',
    handles: ['CREATE', 'UPDATE'],
    mutate(attributes) {
      if (!concerns(attributes, '', 'pods')) return
      const pod = attributes.object as Pod
      const defaults = annotated(attributes, defaultsAnnotation) ?? configuration.default ?? []
      const extra = [
        ...(attributes.operation === 'CREATE' ? defaults : []),
        ...(qosClassOf(pod) === 'BestEffort' ? [] : [memoryPressure]),
      ]
      if (extra.length > 0 && pod.spec) pod.spec.tolerations = mergeTolerations(pod.spec.tolerations ?? [], extra)
      check(attributes)
    },
    validate(attributes) {
      if (concerns(attributes, '', 'pods')) check(attributes)
    },
  }
}

function parseTolerations(text: string | undefined): readonly ReadonlyToleration[] | undefined {
  if (text === undefined) return undefined
  if (text === '') return []
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) throw failure(error.message)
    throw error
  }
}
