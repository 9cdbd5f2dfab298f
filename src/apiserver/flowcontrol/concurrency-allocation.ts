/** One priority level in the division of the server's seats. */
export interface Claim {
  readonly target: number
  readonly lowerBound: number
  readonly upperBound: number
}

/** Targets below this count as this, so that nothing is divided by zero. */
const leastTarget = 0.001
const epsilon = 1e-7

/**
 * Divides `sum` seats: everybody gets the same proportion of their target, within their bounds. Undefined where the
 * bounds leave no solution. After apiserver util/flowcontrol/conc_alloc.go v1.36, which finds the proportion by going
 * through the bounds in their order.
 */
export function allocate(sum: number, claims: readonly Claim[]): number[] | undefined {
  const low = total(claims, ({ lowerBound }) => lowerBound)
  const high = total(claims, ({ upperBound }) => upperBound)
  const isBroken = claims.some(
    ({ target, lowerBound, upperBound }) => lowerBound < 0 || target < lowerBound || upperBound < lowerBound,
  )
  if (isBroken || sum < 0 || low - sum > epsilon || sum - high > epsilon) return undefined
  if (low - sum > -epsilon) return claims.map(({ lowerBound }) => lowerBound)
  if (sum - high > -epsilon) return claims.map(({ upperBound }) => upperBound)
  const proportion = fairProportion(sum, claims)
  return claims.map((claim) => share(claim, proportion))
}

/** The proportion of targets at which the shares add up to `sum`. Shares grow with it, a piece at a time. */
function fairProportion(sum: number, claims: readonly Claim[]): number {
  const bounds = claims.flatMap((claim) => [claim.lowerBound / targetOf(claim), claim.upperBound / targetOf(claim)])
  const steps = [...new Set(bounds)].sort((a, b) => a - b)
  let before = steps[0]!
  for (const next of steps) {
    const atNext = total(claims, (claim) => share(claim, next))
    if (atNext < sum) {
      before = next
      continue
    }
    const atBefore = total(claims, (claim) => share(claim, before))
    if (atNext === atBefore) return next
    return before + ((sum - atBefore) / (atNext - atBefore)) * (next - before)
  }
  return before
}

const targetOf = ({ target }: Claim): number => Math.max(target, leastTarget)

function share(claim: Claim, proportion: number): number {
  return Math.max(claim.lowerBound, Math.min(claim.upperBound, proportion * targetOf(claim)))
}

function total(claims: readonly Claim[], of: (claim: Claim) => number): number {
  return claims.reduce((sum, claim) => sum + of(claim), 0)
}
