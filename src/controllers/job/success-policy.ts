import type { SuccessPolicy } from '../../api/types/batch/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { countCommon, countIndexes, type IndexIntervals, parseIndexes } from './index-intervals.ts'

/** The first rule that the succeeded indexes meet, as a message. After pkg/controller/job success_policy.go. */
export function matchSuccessPolicy(
  policy: DeepReadonly<SuccessPolicy> | undefined,
  completions: number,
  succeeded: IndexIntervals,
): string | undefined {
  if (!policy || succeeded.length === 0) return undefined
  const index = policy.rules.findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined) {
      return succeededCount !== undefined && countIndexes(succeeded) >= succeededCount
    }
    const required = parseIndexes(succeededIndexes, completions)
    if (required.length === 0) return false
    const common = countCommon(required, succeeded)
    return common === countIndexes(required) || (succeededCount !== undefined && common >= succeededCount)
  })
  return index < 0 ? undefined : `Matched rules at index ${index}`
}
