import type { Container, Pod } from '../../api/types/core/v1.ts'
import { podFromTemplate } from '../pod-control.ts'
import type { ReadonlyPod } from '../pods.ts'
import { failureCountAnnotations } from './index-failures.ts'
import { completionIndexAnnotation, type ReadonlyJob, trackingFinalizer } from './job-pods.ts'

const indexVariable = 'JOB_COMPLETION_INDEX'
/** Longer prefixes are cut, to leave room for what the server adds. Upstream's MaxGeneratedNameLength. */
const maxPrefixLength = 58

/** A Pod of the Job that is counted when it ends. After pkg/controller/job manageJob. */
export function jobPod(job: ReadonlyJob): Pod {
  const pod = podFromTemplate(job, job.spec?.template)
  const finalizers = new Set([...(pod.metadata?.finalizers ?? []), trackingFinalizer])
  return { ...pod, metadata: { ...pod.metadata, finalizers: [...finalizers] } }
}

/** The Pod for one index, which it learns by annotation, label, host name and environment. */
export function indexedJobPod(job: ReadonlyJob, index: number, predecessor: ReadonlyPod | undefined): Pod {
  const { metadata, spec, ...rest } = jobPod(job)
  const failures = job.spec?.backoffLimitPerIndex === undefined ? {} : failureCountAnnotations(job, predecessor)
  const { containers = [], initContainers } = spec ?? {}
  return {
    ...rest,
    metadata: {
      ...metadata,
      generateName: prefixOf(job.metadata?.name ?? '', index),
      annotations: { ...metadata?.annotations, [completionIndexAnnotation]: `${index}`, ...failures },
      labels: { ...metadata?.labels, [completionIndexAnnotation]: `${index}` },
    },
    spec: {
      ...spec,
      hostname: `${job.metadata?.name}-${index}`,
      containers: containers.map(withIndexVariable),
      ...(initContainers ? { initContainers: initContainers.map(withIndexVariable) } : {}),
    },
  }
}

function withIndexVariable(container: Container): Container {
  const { env = [] } = container
  if (env.some(({ name }) => name === indexVariable)) return container
  const fieldRef = { fieldPath: `metadata.labels['${completionIndexAnnotation}']` }
  return { ...container, env: [...env, { name: indexVariable, valueFrom: { fieldRef } }] }
}

function prefixOf(jobName: string, index: number): string {
  const suffix = `-${index}-`
  return jobName.slice(0, maxPrefixLength - suffix.length) + suffix
}
