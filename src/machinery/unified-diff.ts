/**
 * The difference of two texts, as `diff -u` shows it without its first two lines. After go-difflib, which is Python's
 * difflib: its choice of matching lines is not the shortest one, and clients see it.
 */

const contextLines = 3

/** From this length on, lines that stand in more than one of a hundred places match nothing by themselves. */
const longText = 200

interface Match {
  readonly a: number
  readonly b: number
  readonly size: number
}

interface Change {
  readonly tag: 'equal' | 'replace' | 'delete' | 'insert'
  readonly a: readonly [number, number]
  readonly b: readonly [number, number]
}

/** The hunks, each line with its ending; empty when nothing differs. */
export function unifiedDiff(before: string, after: string): string {
  const a = before.split('\n')
  const b = after.split('\n')
  return groupedChanges(changesOf(matchesOf(a, b), a.length, b.length))
    .map((group) => hunk(group, a, b))
    .join('')
}

function hunk(group: readonly Change[], a: readonly string[], b: readonly string[]): string {
  const first = group[0]!
  const last = group.at(-1)!
  const lines = group.flatMap(({ tag, a: [a1, a2], b: [b1, b2] }) => {
    if (tag === 'equal') return a.slice(a1, a2).map((line) => ` ${line}`)
    const gone = a.slice(a1, a2).map((line) => `-${line}`)
    return [...gone, ...b.slice(b1, b2).map((line) => `+${line}`)]
  })
  const header = `@@ -${range(first.a[0], last.a[1])} +${range(first.b[0], last.b[1])} @@`
  return [header, ...lines].map((line) => `${line}\n`).join('')
}

function range(start: number, stop: number): string {
  const length = stop - start
  if (length === 1) return `${start + 1}`
  return `${length === 0 ? start : start + 1},${length}`
}

/** Where each line of `b` stands; those too common to tell anything are left out. */
function placesOf(b: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>()
  b.forEach((line, index) => {
    const known = places.get(line)
    if (known) known.push(index)
    else places.set(line, [index])
  })
  if (b.length < longText) return places
  const most = Math.floor(b.length / 100) + 1
  for (const [line, indexes] of places) if (indexes.length > most) places.delete(line)
  return places
}

/** The longest runs of equal lines, from the outside in, ordered and with neighbours joined. */
function matchesOf(a: readonly string[], b: readonly string[]): Match[] {
  const places = placesOf(b)
  const found: Match[] = []
  const match = (a1: number, a2: number, b1: number, b2: number): void => {
    const longest = longestMatch({ a, b, places }, [a1, a2], [b1, b2])
    if (longest.size === 0) return
    if (a1 < longest.a && b1 < longest.b) match(a1, longest.a, b1, longest.b)
    found.push(longest)
    const aEnd = longest.a + longest.size
    const bEnd = longest.b + longest.size
    if (aEnd < a2 && bEnd < b2) match(aEnd, a2, bEnd, b2)
  }
  match(0, a.length, 0, b.length)
  return joined(found)
}

function joined(matches: readonly Match[]): Match[] {
  const result: Match[] = []
  for (const match of matches) {
    const last = result.at(-1)
    const isNext = last && last.a + last.size === match.a && last.b + last.size === match.b
    if (isNext) result[result.length - 1] = { ...last, size: last.size + match.size }
    else result.push(match)
  }
  return result
}

interface Texts {
  readonly a: readonly string[]
  readonly b: readonly string[]
  readonly places: ReadonlyMap<string, readonly number[]>
}

/** The first of the longest runs that lie in both ranges, made longer by common lines at its ends. */
function longestMatch(
  { a, b, places }: Texts,
  [a1, a2]: readonly [number, number],
  [b1, b2]: readonly [number, number],
): Match {
  let best: Match = { a: a1, b: b1, size: 0 }
  let lengths = new Map<number, number>()
  for (let i = a1; i < a2; i++) {
    const next = new Map<number, number>()
    for (const j of places.get(a[i]!) ?? []) {
      if (j < b1 || j >= b2) continue
      const size = (lengths.get(j - 1) ?? 0) + 1
      next.set(j, size)
      if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size }
    }
    lengths = next
  }
  let { a: start, b: other, size } = best
  while (start > a1 && other > b1 && a[start - 1] === b[other - 1]) {
    start--
    other--
    size++
  }
  while (start + size < a2 && other + size < b2 && a[start + size] === b[other + size]) size++
  return { a: start, b: other, size }
}

function changesOf(matches: readonly Match[], aLength: number, bLength: number): Change[] {
  const changes: Change[] = []
  let i = 0
  let j = 0
  for (const { a, b, size } of [...matches, { a: aLength, b: bLength, size: 0 }]) {
    const tag = i < a && j < b ? 'replace' : i < a ? 'delete' : j < b ? 'insert' : undefined
    if (tag) changes.push({ tag, a: [i, a], b: [j, b] })
    i = a + size
    j = b + size
    if (size > 0) changes.push({ tag: 'equal', a: [a, i], b: [b, j] })
  }
  return changes
}

/** Changes with three equal lines around them; those further apart stand in groups of their own. */
function groupedChanges(changes: readonly Change[]): Change[][] {
  const groups: Change[][] = []
  let group: Change[] = []
  for (const [index, change] of changes.entries()) {
    if (change.tag !== 'equal') {
      group.push(change)
      continue
    }
    const [a1, a2] = change.a
    const [b1, b2] = change.b
    const head: Change = {
      ...change,
      a: [a1, Math.min(a2, a1 + contextLines)],
      b: [b1, Math.min(b2, b1 + contextLines)],
    }
    const tail: Change = {
      ...change,
      a: [Math.max(a1, a2 - contextLines), a2],
      b: [Math.max(b1, b2 - contextLines), b2],
    }
    if (index === 0) group.push(tail)
    else if (index === changes.length - 1) group.push(head)
    else if (a2 - a1 > 2 * contextLines) {
      groups.push([...group, head])
      group = [tail]
    } else group.push(change)
  }
  if (group.some(({ tag }) => tag !== 'equal')) groups.push(group)
  return groups
}
