import type { Pod } from '../../../api/types/core/v1.ts'
import type { Held } from '../../object-reader.ts'
import { violations } from './evaluate.ts'
import { type LevelVersion, levelVersionText } from './policy.ts'

/** Upstream looks at no more, so that a label can be set on a namespace of any size. */
const mostChecked = 3_000

/** What to tell about the Pods that are there when a namespace gets a stricter level. */
export function existingPodsWarnings(
  namespace: string,
  enforce: LevelVersion,
  existing: readonly Held<Pod>[],
): string[] {
  const checked = onePerController(existing).slice(0, mostChecked)
  const byReason = new Map<string, string[]>()
  for (const { metadata, spec } of checked) {
    const found = violations(enforce, { metadata, spec: spec ?? { containers: [] } })
    if (found.length === 0) continue
    const reason = found.map((each) => each.reason).join(', ')
    byReason.set(reason, [...(byReason.get(reason) ?? []), metadata.name])
  }
  const warnings: string[] = []
  if (checked.length < existing.length) {
    const part = `the first ${checked.length} of ${existing.length} existing pods`
    warnings.push(`new PodSecurity enforce level only checked against ${part}`)
  }
  if (byReason.size === 0) return warnings
  const level = JSON.stringify(levelVersionText(enforce))
  const where = `existing pods in namespace ${JSON.stringify(namespace)}`
  const each = [...byReason].map(([reason, names]) => `${firstOf(names)}: ${reason}`).sort()
  return [...warnings, `${where} violate the new PodSecurity enforce level ${level}`, ...each]
}

/** `web-0 (and 2 other pods)`. */
function firstOf(names: readonly string[]): string {
  const others = names.length - 1
  const first = [...names].sort()[0]
  return others === 0 ? `${first}` : `${first} (and ${others} other ${others === 1 ? 'pod' : 'pods'})`
}

/** Those without a controller and the first of each, then the copies: most is learnt from the first ones. */
function onePerController(existing: readonly Held<Pod>[]): Held<Pod>[] {
  const seen = new Set<string>()
  const copies: Held<Pod>[] = []
  const firsts = existing.filter((pod) => {
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller)?.uid
    if (owner === undefined) return true
    if (seen.has(owner)) copies.push(pod)
    return !seen.has(owner) && seen.add(owner)
  })
  return [...firsts, ...copies]
}
