/**
 * What a call can cost at most and how large its result can be. After cel-go checker/cost.go, ext/{lists,sets}.go v0.26
 * and apiserver pkg/cel/library/cost.go v1.36, whose numbers custom resources are written against.
 */

import { type Estimate, exactly, largestEstimate, plus, scaled, times, unknownSize } from './estimate.ts'
import type { Expression } from './expression.ts'
import {
  authorizationCheckCost,
  listCreateBaseCost,
  regexStringLengthCostFactor,
  stringTraversalCostFactor,
  structCreateBaseCost,
} from './runtime-cost.ts'
import type { CelType } from './types.ts'

/** A target or argument. */
export interface SizedNode {
  readonly expression: Expression
  readonly type: CelType
  readonly size: Estimate | undefined
  /** Of the elements of a list, as far as declared. */
  readonly elementSize: () => Estimate | undefined
}

export interface CallNode {
  readonly function: string
  readonly overload: string
  readonly target: SizedNode | undefined
  readonly arguments: readonly SizedNode[]
}

export interface CallEstimate {
  /** Without that of the arguments. */
  readonly cost: Estimate
  readonly size?: Estimate
}

type Estimator = (call: CallNode) => CallEstimate | undefined

export function estimateCall(call: CallNode): CallEstimate {
  const estimators = [overloadEstimators.get(call.overload), libraryEstimators.get(call.function)]
  for (const estimate of [...estimators, standardEstimators.get(call.overload)]) {
    const found = estimate?.(call)
    if (found !== undefined) return found
  }
  return { cost: exactly(1) }
}

const sizeOf = (node: SizedNode | undefined): Estimate => node?.size ?? unknownSize
const traversal = (size: Estimate): Estimate => scaled(size, stringTraversalCostFactor)
const first = ({ arguments: [node] }: CallNode) => sizeOf(node)
const nominal: Estimator = () => ({ cost: exactly(1) })
const firstTraversed: Estimator = (call) => ({ cost: traversal(first(call)) })
const targetTraversed: Estimator = ({ target }) => ({ cost: traversal(sizeOf(target)), size: sizeOf(target) })

function table(rows: Readonly<Record<string, Estimator>>): ReadonlyMap<string, Estimator> {
  return new Map(Object.entries(rows).flatMap(([names, row]) => names.split(' ').map((name) => [name, row] as const)))
}

const comparableNames = 'int uint double bool google.protobuf.Duration google.protobuf.Timestamp string bytes'.split(
  ' ',
)

/** Of cel-go's own extensions; these come before all others. */
const overloadEstimators = table({
  'list_sets_contains_list list_sets_intersects_list': (call) => ({ cost: plus(products(call), exactly(1)) }),
  list_sets_equivalent_list: (call) => ({ cost: plus(scaled(products(call), 2), exactly(1)) }),
  list_slice: ({ target, arguments: [start, end] }) => {
    const length = literalInt(end, sizeOf(target).max) - literalInt(start, 0)
    return allocation(1, exactly(length < 0 ? largestEstimate : length))
  },
  lists_range: ({ arguments: [end] }) => allocation(1, exactly(literalInt(end, largestEstimate))),
  list_reverse: ({ target }) => allocation(1, sizeOf(target)),
  list_flatten: ({ target }) => allocation(1, sizeOf(target)),
  list_flatten_int: ({ target, arguments: [depth] }) => allocation(literalInt(depth, largestEstimate), sizeOf(target)),
  list_distinct: ({ target }) => allocation(2, times(sizeOf(target), sizeOf(target))),
  ...Object.fromEntries(
    comparableNames.flatMap((name): [string, Estimator][] => {
      const factor = name === 'string' || name === 'bytes' ? 2 + stringTraversalCostFactor : 2
      const sorting = (node: SizedNode | undefined) => allocation(factor, times(sizeOf(node), sizeOf(node)))
      return [
        [`list_${name}_sort`, ({ target }) => sorting(target)],
        [`list_${name}_sortByAssociatedKeys`, ({ arguments: [keys] }) => sorting(keys)],
      ]
    }),
  ),
})

function products({ arguments: [left, right] }: CallNode): Estimate {
  return times(sizeOf(left), sizeOf(right))
}

function allocation(factor: number, size: Estimate): CallEstimate {
  return { cost: plus(scaled(size, factor), exactly(1 + listCreateBaseCost)), size }
}

function literalInt(node: SizedNode | undefined, otherwise: number): number {
  const expression = node?.expression
  if (expression?.kind !== 'literal' || typeof expression.value !== 'bigint') return otherwise
  return Math.max(Number(expression.value), 0)
}

/** Of the pattern of a named format, at most. */
const longestNamedPattern = 128

const libraryEstimators = table({
  check: () => ({ cost: exactly(authorizationCheckCost) }),
  'serviceAccount path group resource subresource namespace name allowed reason error errored': nominal,
  'fieldSelector labelSelector': (call) => ({ cost: selector(first(call)) }),
  'isSorted sum max min indexOf lastIndexOf': comparison,
  'url jsonpatch.escapeKey': (call) => ({ cost: traversal(first(call)), size: first(call) }),
  'lowerAscii upperAscii substring trim': targetTraversed,
  replace: replacement,
  split: ({ target, arguments: [, limit] }) => {
    const max = literalLimit(limit) ?? sizeOf(target).max
    return { cost: scaled(sizeOf(target), 2 * stringTraversalCostFactor), size: { min: 0, max } }
  },
  join: joining,
  'find findAll': ({ target, arguments: [pattern] }) => ({
    cost: regexSearch(sizeOf(target), sizeOf(pattern)),
    size: { min: 0, max: sizeOf(target).max },
  }),
  'cidr isIP isCIDR quantity isQuantity semver isSemver': firstTraversed,
  ip: (call) => (call.overload === 'cidr_ip' ? { cost: exactly(1) } : firstTraversed(call)),
  'ip.isCanonical': (call) => ({ cost: scaled(first(call), 2 * stringTraversalCostFactor) }),
  'masked prefixLength family isUnspecified isLoopback': nominal,
  'isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast': nominal,
  containsIP: (call) => ({
    cost: plus(traversal(scaled(addressSize, 2)), parsedToo(call, 'cidr_contains_ip_string')),
  }),
  containsCIDR: (call) => ({
    cost: plus(
      traversal(scaled(addressSize, 2)),
      traversal(addressSize),
      exactly(1),
      parsedToo(call, 'cidr_contains_cidr_string'),
    ),
  }),
  validate: (call) => ({
    cost: scaled(traversal(first(call)), longestNamedPattern * regexStringLengthCostFactor),
  }),
  'format.named': nominal,
  'sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub': nominal,
  'major minor patch getScheme getHostname getHost getPort getEscapedPath getQuery': nominal,
  '_==_': equality,
})

/** In bytes. */
const addressSize: Estimate = { min: 4, max: 16 }

function parsedToo(call: CallNode, overload: string): Estimate {
  return call.overload === overload ? traversal(first(call)) : exactly(0)
}

function selector(size: Estimate): Estimate {
  const requirements = scaled(size, 0.5)
  const each = listCreateBaseCost + structCreateBaseCost
  return plus(exactly(listCreateBaseCost), traversal(size), scaled(requirements, each))
}

/** Each element is looked at once; texts have to be read for it. */
function comparison({ target }: CallNode): CallEstimate | undefined {
  if (target === undefined) return undefined
  const [element] = target.type.parameters
  if (element === undefined) return { cost: traversal(sizeOf(target)) }
  const isText = element.kind === 'string' || element.kind === 'bytes'
  const each = isText ? plus(exactly(1), traversal(target.elementSize() ?? unknownSize)) : exactly(1)
  return { cost: times(sizeOf(target), each) }
}

function replacement({ target, arguments: [from, to] }: CallNode): CallEstimate {
  const [size, fromSize, toSize] = [sizeOf(target), sizeOf(from), sizeOf(to)]
  const most = replacements(size.max, fromSize.min, toSize.max <= fromSize.min)
  const fewest = replacements(size.min, fromSize.max, fromSize.max <= toSize.min)
  const count = { min: fewest.count, max: most.count }
  const kept = { min: fewest.kept, max: most.kept }
  return { cost: scaled(size, 2 * stringTraversalCostFactor), size: plus(times(count, toSize), kept) }
}

/** How often something of a length can be replaced in a text, and how much of the text may remain. */
function replacements(size: number, length: number, unchanged: boolean): { count: number; kept: number } {
  // Nothing is replaced around every character.
  if (length === 0) return { count: Math.min(size + 1, largestEstimate), kept: size }
  return unchanged ? { count: 0, kept: size } : { count: Math.ceil(size / length), kept: 0 }
}

function literalLimit(node: SizedNode | undefined): number | undefined {
  const expression = node?.expression
  if (expression?.kind !== 'literal' || typeof expression.value !== 'bigint') return undefined
  // Upstream takes a negative limit for the largest one.
  return expression.value < 0n ? largestEstimate : Number(expression.value)
}

function joining({ target, arguments: [separator] }: CallNode): CallEstimate {
  const count = sizeOf(target)
  const element = target?.type.parameters[0] === undefined ? exactly(0) : (target.elementSize() ?? unknownSize)
  const gaps = { min: Math.max(count.min - 1, 0), max: Math.max(count.max - 1, 0) }
  const separators = separator === undefined ? exactly(0) : times(sizeOf(separator), gaps)
  const size = plus(times(count, element), separators)
  return { cost: traversal(size), size }
}

function regexSearch(text: Estimate, pattern: Estimate): Estimate {
  return times(traversal(plus(text, exactly(1))), scaled(pattern, regexStringLengthCostFactor))
}

const constantTimeEquality = new Set([
  ...['net.IP', 'net.CIDR', 'kubernetes.Quantity', 'kubernetes.Semver'],
  ...['Authorizer', 'PathCheck', 'GroupCheck', 'ResourceCheck', 'Decision'].map(
    (name) => `kubernetes.authorization.${name}`,
  ),
])
const longestFormatName = 64

/** Of values of the libraries; all others compare by size. */
function equality({ arguments: [left, right] }: CallNode): CallEstimate | undefined {
  if (left === undefined || left.type.name !== right?.type.name) return undefined
  if (constantTimeEquality.has(left.type.name)) return { cost: exactly(1) }
  if (left.type.name === 'kubernetes.NamedFormat') return { cost: traversal({ min: 1, max: longestFormatName }) }
  if (left.type.name !== 'kubernetes.URL') return undefined
  return { cost: traversal({ min: 1, max: right.size?.max ?? 1 }) }
}

const standardEstimators = table({
  string_format: ({ target }) => ({ cost: traversal(sizeOf(target)) }),
  string_to_bytes: (call) => ({
    cost: traversal(first(call)),
    size: { min: first(call).min, max: 4 * first(call).max },
  }),
  bytes_to_string: (call) => ({
    cost: traversal(first(call)),
    size: { min: Math.floor(first(call).min / 4), max: first(call).max },
  }),
  strings_quote: (call) => ({
    cost: traversal(first(call)),
    size: { min: first(call).min + 2, max: 2 * first(call).max + 2 },
  }),
  'starts_with_string ends_with_string': firstTraversed,
  in_list: ({ arguments: [, list] }) => ({ cost: sizeOf(list) }),
  matches_string: ({ target, arguments: [pattern] }) => ({ cost: regexSearch(sizeOf(target), sizeOf(pattern)) }),
  contains_string: (call) => ({ cost: times(traversal(sizeOf(call.target)), traversal(first(call))) }),
  add_list: ({ arguments: [left, right] }) => ({ cost: exactly(1), size: plus(sizeOf(left), sizeOf(right)) }),
  'add_string add_bytes': ({ arguments: [left, right] }) => {
    const size = plus(sizeOf(left), sizeOf(right))
    return { cost: traversal(size), size }
  },
  'less_string greater_string less_equals_string greater_equals_string': smallerTraversed,
  'less_bytes greater_bytes less_equals_bytes greater_equals_bytes equals not_equals': smallerTraversed,
})

function smallerTraversed({ arguments: [left, right] }: CallNode): CallEstimate {
  const max = Math.min(sizeOf(left).max, sizeOf(right).max)
  return { cost: traversal({ min: max > 0 ? 1 : 0, max }) }
}
