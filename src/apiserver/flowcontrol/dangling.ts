import type { FlowSchema, FlowSchemaCondition } from '../../api/types/flowcontrol/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'

/** The condition that a schema is to get; undefined where it has it already. After presyncFlowSchemaStatus v1.36. */
export function danglingCondition(
  { spec, status }: DeepReadonly<FlowSchema>,
  levels: ReadonlySet<string>,
): Omit<FlowSchemaCondition, 'lastTransitionTime'> | undefined {
  const level = spec?.priorityLevelConfiguration.name ?? ''
  const exists = levels.has(level)
  const what = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)}`
  const wanted = {
    type: 'Dangling',
    status: exists ? 'False' : 'True',
    reason: exists ? 'Found' : 'NotFound',
    message: `${what} ${exists ? 'and it exists' : 'but there is no such object'}`,
  }
  const found = status?.conditions?.find(({ type }) => type === wanted.type)
  const isSame = found?.status === wanted.status && found.reason === wanted.reason && found.message === wanted.message
  return isSame ? undefined : wanted
}
