/** Whether two JSON values say the same; the order of members does not count, and undefined ones count as absent. */
export function equalValues(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false
    return left.every((item, index) => equalValues(item, right[index]))
  }
  if (Array.isArray(right)) return false
  return equalMembers(left as Record<string, unknown>, right as Record<string, unknown>)
}

function equalMembers(left: Record<string, unknown>, right: Record<string, unknown>): boolean {
  let members = 0
  for (const key in left) {
    if (left[key] === undefined) continue
    if (!equalValues(left[key], right[key])) return false
    members++
  }
  for (const key in right) if (right[key] !== undefined) members--
  return members === 0
}
