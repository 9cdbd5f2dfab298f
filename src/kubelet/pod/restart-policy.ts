import type { ContainerRestartRule, PodSpec } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { type ReadonlyContainer, type ReadonlyPod, restartPolicyOf } from './pod.ts'
import { latestContainer, type PodRuntime } from './runtime-state.ts'

/** Whether an exit with this code starts the container again. After component-helpers v1.36 ContainerShouldRestart. */
export function restartsAfterExit(
  container: ReadonlyContainer,
  spec: DeepReadonly<PodSpec> | undefined,
  exitCode: number,
): boolean {
  if (container.restartPolicyRules?.some((rule) => rule.action === 'Restart' && matches(rule, exitCode))) return true
  const policy = container.restartPolicy ?? restartPolicyOf(spec)
  if (policy === 'OnFailure') return exitCode !== 0
  return policy === 'Always'
}

function matches(rule: DeepReadonly<ContainerRestartRule>, exitCode: number): boolean {
  const listed = rule.exitCodes?.values?.includes(exitCode) ?? false
  return rule.exitCodes?.operator === 'NotIn' ? !listed : rule.exitCodes?.operator === 'In' && listed
}

/** Whether a container that is not running should run. After kubelet v1.36 container/helpers.go ShouldContainerBeRestarted. */
export function shouldContainerBeRestarted(
  container: ReadonlyContainer,
  pod: ReadonlyPod,
  runtime: PodRuntime,
): boolean {
  if (pod.metadata?.deletionTimestamp) return false
  const latest = latestContainer(runtime, container.name)
  if (!latest) return true
  if (latest.state === 'running') return false
  if (latest.state !== 'exited') return true
  return restartsAfterExit(container, pod.spec, latest.exitCode)
}

/** Whether a container that a probe has killed starts again: its exit code plays no part. */
export function restartsAfterKill(container: ReadonlyContainer, pod: ReadonlyPod): boolean {
  return (container.restartPolicy ?? restartPolicyOf(pod.spec)) !== 'Never'
}
