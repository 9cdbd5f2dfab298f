/** Completion indexes as ordered, disjoint ranges, both ends included. */
export interface IndexInterval {
  readonly first: number
  readonly last: number
}

export type IndexIntervals = readonly IndexInterval[]

/**
 * Reads `1,3-5,7`. What is no number is skipped, and indexes from `completions` on are left out. After pkg/controller/job
 * indexed_job_utils.go parseIndexesFromString.
 */
export function parseIndexes(text: string | undefined, completions: number): IndexIntervals {
  const intervals = (text ?? '')
    .split(',')
    .map((part) => /^(\d+)(?:-(\d+))?$/.exec(part))
    .filter((match) => match !== null)
    .map((match) => ({ first: Number(match[1]), last: Math.min(Number(match[2] ?? match[1]), completions - 1) }))
    .filter(({ first }) => first < completions)
  return mergeIndexes(intervals, [])
}

/** Writes `1,3-5,7`; two neighbours are written one by one. */
export function formatIndexes(intervals: IndexIntervals): string {
  return intervals
    .map(({ first, last }) => {
      if (first === last) return `${first}`
      return last === first + 1 ? `${first},${last}` : `${first}-${last}`
    })
    .join(',')
}

export function intervalsOf(indexes: Iterable<number>): IndexIntervals {
  return mergeIndexes(
    [...indexes].map((index) => ({ first: index, last: index })),
    [],
  )
}

export function mergeIndexes(some: IndexIntervals, others: IndexIntervals): IndexIntervals {
  const merged: { first: number; last: number }[] = []
  for (const { first, last } of [...some, ...others].toSorted((a, b) => a.first - b.first)) {
    const previous = merged.at(-1)
    if (previous && first <= previous.last + 1) previous.last = Math.max(previous.last, last)
    else merged.push({ first, last })
  }
  return merged
}

export function countIndexes(intervals: IndexIntervals): number {
  return intervals.reduce((sum, { first, last }) => sum + last - first + 1, 0)
}

export function hasIndex(intervals: IndexIntervals, index: number): boolean {
  return intervals.some(({ first, last }) => first <= index && index <= last)
}

/** How many indexes both have. */
export function countCommon(some: IndexIntervals, others: IndexIntervals): number {
  let common = 0
  for (const a of some) {
    for (const b of others) common += Math.max(0, Math.min(a.last, b.last) - Math.max(a.first, b.first) + 1)
  }
  return common
}

/** The first `count` indexes below `completions` that are not in `taken`. */
export function firstFreeIndexes(taken: IndexIntervals, count: number, completions: number): number[] {
  const free: number[] = []
  let candidate = 0
  for (const { first, last } of [...taken, { first: completions, last: completions }]) {
    for (; candidate < first && candidate < completions && free.length < count; candidate += 1) free.push(candidate)
    candidate = Math.max(candidate, last + 1)
  }
  return free
}
