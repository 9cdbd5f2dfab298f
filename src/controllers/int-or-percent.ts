/**
 * A count, or a percentage of `total` rounded up or down; 0 for what is neither. After apimachinery util/intstr
 * GetScaledValueFromIntOrPercent.
 */
export function scaledCount(value: number | string | undefined, total: number, round: 'up' | 'down'): number {
  if (value === undefined) return 0
  if (typeof value === 'number') return value
  const match = /^(-?\d+)%$/.exec(value)
  if (!match) return 0
  const exact = (Number(match[1]) * total) / 100
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact)
}
