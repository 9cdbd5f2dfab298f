import type { CustomResourceDefinition, CustomResourceDefinitionStatus } from '../../../api/types/apiextensions/v1.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { findCondition, type NewCondition, withCondition, withoutCondition } from '../conditions.ts'
import { apiApproval } from './api-approval.ts'
import { establish } from './establishing.ts'
import { acceptNames, type ClaimedNames } from './naming.ts'
import { nonStructuralSchema } from './non-structural-schema.ts'

type Status = DeepReadonly<CustomResourceDefinitionStatus>

/**
 * The status a definition ought to have: its names, and whether it is served. Where upstream has a controller a
 * condition, each writing for itself, this is one state and one write.
 */
export function wantedStatus(
  definition: DeepReadonly<CustomResourceDefinition>,
  claimed: ClaimedNames,
  nowMs: number,
): Status {
  const { acceptedNames, condition } = acceptNames(definition, claimed)
  const established = establish(definition, findCondition(definition, 'Established'), condition.status === 'True')
  const wanted: NewCondition[] = [condition]
  if (established) wanted.push(established)
  const approval = apiApproval(definition)
  if (approval) wanted.push(approval)
  const violations = nonStructuralSchema(definition)
  if (violations) wanted.push(violations)
  const old = definition.status?.conditions ?? []
  const kept = violations ? old : withoutCondition(old, 'NonStructuralSchema')
  const conditions = wanted.reduce((all, one) => withCondition(all, one, nowMs), kept)
  return { ...definition.status, conditions, acceptedNames }
}
