/** Sets of indexes, as Jobs write them: `1,3-5,7`. After pkg/apis/batch/validation validateIndexesFormat v1.36. */

interface Interval {
  readonly first: number
  readonly last: number
}

/** What cannot be read as indexes; the message is upstream's. */
class IndexError extends Error {}

function parseIndex(text: string, completions: number): number {
  if (!/^[+-]?\d+$/.test(text)) {
    throw new IndexError(`cannot convert string to integer for index: ${JSON.stringify(text)}`)
  }
  const index = Number(text)
  if (index >= completions) throw new IndexError(`too large index: ${JSON.stringify(text)}`)
  return index
}

function parseInterval(text: string, completions: number): Interval {
  const limits = text.split('-')
  if (limits.length > 2) {
    const rule = "an index interval can have at most two parts separated by '-'"
    throw new IndexError(`the fragment ${JSON.stringify(text)} violates the requirement that ${rule}`)
  }
  const first = parseIndex(limits[0]!, completions)
  if (limits.length === 1) return { first, last: first }
  const last = parseIndex(limits[1]!, completions)
  if (first >= last) throw new IndexError(nonIncreasing(first, last))
  return { first, last }
}

function nonIncreasing(previous: number, current: number): string {
  return `non-increasing order, previous: ${previous}, current: ${current}`
}

export type Indexes = { readonly ok: true; readonly count: number } | { readonly ok: false; readonly why: string }

/** How many indexes below `completions` the text names, or why it cannot be read. */
export function readIndexes(text: string, completions: number): Indexes {
  if (text === '') return { ok: true, count: 0 }
  try {
    let count = 0
    let previous: number | undefined
    for (const part of text.split(',')) {
      const { first, last } = parseInterval(part, completions)
      if (previous !== undefined && previous >= first) return { ok: false, why: nonIncreasing(previous, first) }
      count += last - first + 1
      previous = last
    }
    return { ok: true, count }
  } catch (error) {
    if (!(error instanceof IndexError)) throw error
    return { ok: false, why: error.message }
  }
}

/** The first index that both sets have. What cannot be read is skipped. */
export function firstCommonIndex(one: string, other: string, completions: number): number | undefined {
  const others = readable(other, completions)
  for (const { first, last } of readable(one, completions)) {
    const shared = others.find((interval) => first <= interval.last && interval.first <= last)
    if (shared) return Math.max(first, shared.first)
  }
  return undefined
}

function readable(text: string, completions: number): Interval[] {
  if (text === '') return []
  return text.split(',').flatMap((part) => {
    try {
      return [parseInterval(part, completions)]
    } catch (error) {
      if (!(error instanceof IndexError)) throw error
      return []
    }
  })
}
