import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { goForm } from '../go-form/go-form.ts'
import type { Job } from '../types/batch/v1.ts'
import type { Affinity, Container, PodSpec, PodTemplateSpec } from '../types/core/v1.ts'
import { checkImmutable } from './checks.ts'

/** What may change in the Pods of a Job: nothing, but while it is suspended. After validatePodTemplateUpdate v1.36. */

type ReadonlyJob = DeepReadonly<Job>
type Template = DeepReadonly<PodTemplateSpec>
type Spec = DeepReadonly<PodSpec>

const emptySpec: Spec = { containers: [] }

export function checkTemplateChange(job: ReadonlyJob, old: ReadonlyJob, errors: FieldError[]): void {
  const template = job.spec?.template ?? {}
  const isMutable = isAtRest(old)
  const before = isMutable ? withPlacementOf(old.spec?.template ?? {}, template) : (old.spec?.template ?? {})
  if (!isMutable) {
    const isSame = isDeepStrictEqual(template, before)
    if (!isSame) checkImmutable(false, goForm('PodTemplateSpec', template), 'spec.template', errors)
    return
  }
  const spec = template.spec ?? emptySpec
  if (isDeepStrictEqual(spec, withResourcesOf(before.spec ?? emptySpec, spec))) return
  checkImmutable(false, goForm('PodSpec', spec), 'spec.template.spec', errors)
}

/** Suspended, and with no Pod that still runs from before. */
function isAtRest({ spec, status }: ReadonlyJob): boolean {
  const isSuspended = status?.conditions?.some(
    (condition) => condition.type === 'Suspended' && condition.status === 'True',
  )
  const mayStart = status?.startTime === undefined || Boolean(isSuspended)
  return spec?.suspend === true && mayStart && (status?.active ?? 0) === 0
}

/** The old template with all that says where its Pods may run as in the new one. */
function withPlacementOf(old: Template, template: Template): Template {
  const { labels: _labels, annotations: _annotations, ...metadata } = old.metadata ?? {}
  const wanted = template.spec
  const { nodeSelector: _selector, tolerations: _tolerations, schedulingGates: _gates, ...spec } = old.spec ?? emptySpec
  const { labels, annotations } = template.metadata ?? {}
  return {
    ...old,
    metadata: { ...metadata, ...(labels && { labels }), ...(annotations && { annotations }) },
    spec: withAffinity(
      {
        ...spec,
        ...(wanted?.nodeSelector && { nodeSelector: wanted.nodeSelector }),
        ...(wanted?.tolerations && { tolerations: wanted.tolerations }),
        ...(wanted?.schedulingGates && { schedulingGates: wanted.schedulingGates }),
      },
      wanted?.affinity,
    ),
  }
}

/** Of the affinity only that to nodes may change. */
function withAffinity(spec: Spec, wanted: DeepReadonly<Affinity> | undefined): Spec {
  const { affinity, ...rest } = spec
  const { nodeAffinity: _old, ...kept } = affinity ?? {}
  const merged = { ...kept, ...(wanted?.nodeAffinity && { nodeAffinity: wanted.nodeAffinity }) }
  const isSet = Object.keys(merged).length > 0 || wanted !== undefined
  return isSet ? { ...rest, affinity: merged } : rest
}

type Containers = readonly DeepReadonly<Container>[]

function withResourcesOf(old: Spec, spec: Spec): Spec {
  const containers = containersWithResources(old.containers ?? [], spec.containers ?? [])
  const { initContainers, ...rest } = old
  if (!initContainers) return { ...rest, containers: old.containers && containers }
  return { ...rest, containers, initContainers: containersWithResources(initContainers, spec.initContainers ?? []) }
}

function containersWithResources(old: Containers, wanted: Containers): Containers {
  if (old.length !== wanted.length) return old
  return old.map((container, index) => {
    const { resources: _replaced, ...rest } = container
    const match = wanted[index]!
    if (match.name !== container.name) return container
    return match.resources ? { ...rest, resources: match.resources } : rest
  })
}
