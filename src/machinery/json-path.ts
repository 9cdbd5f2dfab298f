/**
 * Paths into JSON values as kubectl and the columns of CustomResourceDefinitions write them: `.spec.list[0].name`,
 * `.status.conditions[?(@.type=="Ready")].status`. After client-go util/jsonpath v1.36, one path without braces, text
 * or `range`. What is missing is no error.
 */

/** The path cannot be read, or not be followed in this value. */
export class JsonPathError extends Error {}

/** Follows a path from the root value, and answers all it leads to. Throws JsonPathError. */
export type JsonPath = (root: unknown) => unknown[]

type Step = (values: readonly unknown[]) => unknown[]

/** Throws JsonPathError. */
export function parseJsonPath(text: string): JsonPath {
  const steps = new PathReader(text).steps()
  return (root) => follow(steps, [root])
}

function follow(steps: readonly Step[], values: readonly unknown[]): unknown[] {
  return steps.reduce((reached, step) => step(reached), [...values])
}

const terminators = ' \t\r\n.,[]$@{}'

class PathReader {
  readonly #text: string
  readonly #steps: Step[] = []
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  steps(): readonly Step[] {
    let afterRecursion = false
    while (this.#at < this.#text.length) {
      const isRecursion = this.#text.startsWith('..', this.#at)
      if (isRecursion && afterRecursion) throw new JsonPathError('invalid multiple recursive descent')
      this.#step()
      afterRecursion = isRecursion && this.#steps.at(-1) === recurse
    }
    return this.#steps
  }

  #step(): void {
    const character = this.#text[this.#at]!
    if (this.#text.startsWith('[?(', this.#at)) this.#filter()
    else if (this.#text.startsWith('..', this.#at)) this.#recursion()
    else if (character === '[') this.#brackets()
    else if (character === '"' || character === "'") this.#quoted(character)
    else if (/[+\-\d]/.test(character)) this.#number()
    else if (/[\p{L}_]/u.test(character)) this.#word()
    else if (character === '.') this.#field()
    else this.#root(character)
  }

  #field(): void {
    this.#at++
    this.#steps.push(fieldStep(this.#name()))
  }

  /** The value a path begins with, and spaces, lead nowhere else. */
  #root(character: string): void {
    this.#at++
    if (!' @$'.includes(character)) throw new JsonPathError(`unrecognized character in action: ${character}`)
  }

  #recursion(): void {
    this.#at += 2
    this.#steps.push(recurse)
    if (/[\p{L}\p{N}_]/u.test(this.#text[this.#at] ?? '')) this.#steps.push(fieldStep(this.#name()))
  }

  /** Up to the next terminator that no backslash takes the meaning of. */
  #name(): string {
    let name = ''
    while (this.#at < this.#text.length && !terminators.includes(this.#text[this.#at]!)) {
      if (this.#text[this.#at] === '\\') this.#at++
      name += this.#text[this.#at++] ?? ''
    }
    return name
  }

  #word(): void {
    const word = this.#name()
    if (word !== 'true' && word !== 'false') throw new JsonPathError(`unrecognized identifier ${word}`)
    this.#steps.push(constant(word === 'true'))
  }

  #number(): void {
    const [number = ''] = /^[+-]?[\d.]*/.exec(this.#text.slice(this.#at)) ?? []
    if (number === '' || Number.isNaN(Number(number))) throw new JsonPathError(`cannot parse number ${number}`)
    this.#at += number.length
    this.#steps.push(constant(Number(number)))
  }

  #quoted(quote: string): void {
    const end = this.#endOfQuote(quote)
    const inner = this.#text.slice(this.#at + 1, end)
    this.#at = end + 1
    this.#steps.push(constant(inner.replace(/\\(.)/g, '$1')))
  }

  #endOfQuote(quote: string): number {
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      if (this.#text[at] === quote && this.#text[at - 1] !== '\\') return at
    }
    throw new JsonPathError('unterminated quoted string')
  }

  #brackets(): void {
    const end = this.#text.indexOf(']', this.#at)
    if (end < 0) throw new JsonPathError('unterminated array')
    const inner = this.#text.slice(this.#at + 1, end)
    this.#at = end + 1
    const parts = inner.split(',')
    if (parts.length === 1) this.#steps.push(...bracketSteps(inner))
    else {
      const branches = parts.map((part) => bracketSteps(part.trim()))
      this.#steps.push((values) => branches.flatMap((branch) => follow(branch, values)))
    }
  }

  #filter(): void {
    this.#at += '[?('.length
    const end = this.#endOfFilter()
    const condition = this.#text.slice(this.#at, end)
    if (this.#text[end + 1] !== ']') throw new JsonPathError('unclosed array expect ]')
    this.#at = end + 2
    const comparison = /^([^!<>=]+)([!<>=]+)(.+?)$/.exec(condition)
    if (!comparison) this.#steps.push(filterStep(hasSome(new PathReader(condition).steps())))
    else {
      const [, left, operator, right] = comparison
      this.#steps.push(filterStep(comparing(operator!, new PathReader(left!).steps(), new PathReader(right!).steps())))
    }
  }

  /** The parenthesis that closes it, outside of quotes. */
  #endOfFilter(): number {
    let quote = ''
    for (let at = this.#at; at < this.#text.length; at++) {
      const character = this.#text[at]!
      if (quote === '' && (character === '"' || character === "'")) quote = character
      else if (character === quote && this.#text[at - 1] !== '\\') quote = ''
      else if (character === ')' && quote === '') return at
    }
    throw new JsonPathError('unterminated filter')
  }
}

function constant(value: unknown): Step {
  return (values) => values.map(() => value)
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fieldStep(name: string): Step {
  if (name === '*') return (values) => values.flatMap(membersOf)
  return (values) => values.flatMap((value) => (isMap(value) && Object.hasOwn(value, name) ? [value[name]] : []))
}

function membersOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  return isMap(value) ? Object.values(value) : []
}

/** Everything that holds something, from the values on downwards. */
const recurse: Step = (values) =>
  values.flatMap((value) => {
    const members = membersOf(value)
    return members.length === 0 ? [] : [value, ...recurse(members)]
  })

function bracketSteps(inner: string): readonly Step[] {
  const key = /^'([^']*)'$/.exec(inner)
  if (key) return new PathReader(`.${key[1]}`).steps()
  return [sliceStep(inner === '*' ? ':' : inner)]
}

/** `[2]`, `[-1]`, `[1:3]`, `[::2]`. */
function sliceStep(text: string): Step {
  const match = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(text)
  if (!match) throw new JsonPathError(`invalid array index ${text}`)
  const [from, to, step] = [match[1], match[2]?.slice(1), match[3]?.slice(1)].map((part) =>
    part ? Number(part) : undefined,
  )
  const isIndex = match[2] === undefined
  return (values) =>
    values.flatMap((value) => {
      if (value === null || value === undefined) return []
      if (!Array.isArray(value)) throw new JsonPathError('value is not array or slice')
      return slice(value, { from: from ?? 0, to: isIndex ? (from ?? 0) + 1 : to, step, isIndex })
    })
}

interface Slice {
  readonly from: number
  readonly to: number | undefined
  readonly step: number | undefined
  readonly isIndex: boolean
}

function slice(list: readonly unknown[], { from, to = list.length, step = 1, isIndex }: Slice): unknown[] {
  const start = from < 0 ? from + list.length : from
  const end = to < 0 || (to === 0 && isIndex) ? to + list.length : to
  if (start === end) return []
  const outOfBounds = start < 0 || start >= list.length || end < 0 || end > list.length
  if (outOfBounds) throw new JsonPathError(`array index out of bounds: index ${start}, length ${list.length}`)
  if (start > end) throw new JsonPathError(`starting index ${start} is greater than ending index ${end}`)
  if (step <= 0) throw new JsonPathError('step must be > 0')
  return list.slice(start, end).filter((_, at) => at % step === 0)
}

function filterStep(passes: (item: unknown) => boolean): Step {
  return (values) =>
    values.flatMap((value) => {
      if (!Array.isArray(value)) throw new JsonPathError('value is not array or slice and cannot be filtered')
      return value.filter(passes)
    })
}

function hasSome(steps: readonly Step[]): (item: unknown) => boolean {
  return (item) => follow(steps, [item]).length > 0
}

function comparing(operator: string, left: readonly Step[], right: readonly Step[]): (item: unknown) => boolean {
  const compare = comparisons[operator]
  if (!compare) throw new JsonPathError(`unrecognized filter operator ${operator}`)
  return (item) => {
    const [lefts, rights] = [follow(left, [item]), follow(right, [item])]
    if (lefts.length === 0 || rights.length === 0) return false
    if (lefts.length > 1 || rights.length > 1) throw new JsonPathError('can only compare one element at a time')
    return compare(...comparable(lefts[0], rights[0]))
  }
}

type Comparable = string | number | boolean

const comparisons: Readonly<Record<string, (left: Comparable, right: Comparable) => boolean>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
}

/** Only values of one kind can be compared; whole numbers are a kind of their own. */
function comparable(left: unknown, right: unknown): [Comparable, Comparable] {
  const kind = kindOf(left)
  if (kind === undefined || kind !== kindOf(right)) throw new JsonPathError('incompatible types for comparison')
  return [left, right] as [Comparable, Comparable]
}

function kindOf(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float'
  return typeof value === 'string' || typeof value === 'boolean' ? typeof value : undefined
}
