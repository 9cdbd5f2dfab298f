/**
 * What a call costs, given its values. After cel-go interpreter/runtimecost.go v0.26 and apiserver
 * pkg/cel/library/cost.go v1.36, whose numbers policies and resources are written against.
 */

import { sizeOf } from './size.ts'
import { Bytes, CelList, CelMap, type CelValue, Opaque, Optional } from './values.ts'

/** Of reading or building text, per character. */
export const stringTraversalCostFactor = 0.1
/** Of a regular expression, per character. */
export const regexStringLengthCostFactor = 0.25
export const listCreateBaseCost = 10
export const mapCreateBaseCost = 30
export const structCreateBaseCost = 40

/** Allows two checks per expression. */
export const authorizationCheckCost = 350_000

export interface CompletedCall {
  readonly function: string
  /** Empty where values decided which overload it was. */
  readonly overload: string
  readonly arguments: readonly CelValue[]
  readonly result: CelValue
}

export function callCost(call: CompletedCall): number {
  return (
    overloadCosts.get(call.overload)?.(call) ??
    libraryCosts.get(call.function)?.(call) ??
    standardCosts.get(call.overload)?.(call) ??
    1
  )
}

type Cost = (call: CompletedCall) => number | undefined

const traversal = (size: number) => Math.ceil(size * stringTraversalCostFactor)
const actualSize = (value: CelValue | undefined): number => {
  if (value === undefined) return 1
  if (value instanceof Opaque) return value.size ?? 1
  if (value instanceof Optional && value.value !== undefined) return actualSize(value.value)
  return sizeOf(value) ?? 1
}
const sizeAt = ({ arguments: values }: CompletedCall, index: number) => actualSize(values[index])

const firstTraversed: Cost = (call) => traversal(sizeAt(call, 0))
const smallerTraversed: Cost = (call) => traversal(Math.min(sizeAt(call, 0), sizeAt(call, 1)))
const bothTraversed: Cost = (call) => traversal(sizeAt(call, 0) + sizeAt(call, 1))
const regexMatched: Cost = (call) => regexCost(sizeAt(call, 0), sizeAt(call, 1))
const nominal: Cost = () => 1

/** One is added to the text, so that an expensive pattern costs something on an empty one too. */
export function regexCost(textSize: number, patternSize: number): number {
  return traversal(1 + textSize) * Math.ceil(patternSize * regexStringLengthCostFactor)
}

const standardCosts = costTable({
  'starts_with_string ends_with_string string_to_bytes bytes_to_string strings_quote string_format': firstTraversed,
  in_list: (call) => sizeAt(call, 1),
  'less_string greater_string less_equals_string greater_equals_string': smallerTraversed,
  'less_bytes greater_bytes less_equals_bytes greater_equals_bytes equals not_equals': smallerTraversed,
  'add_string add_bytes': bothTraversed,
  matches_string: regexMatched,
  contains_string: (call) => traversal(sizeAt(call, 0)) * traversal(sizeAt(call, 1)),
})

const libraryCosts = costTable({
  check: () => authorizationCheckCost,
  'serviceAccount path group resource subresource namespace name allowed reason error errored': nominal,
  'fieldSelector labelSelector': (call) => selectorCost(sizeAt(call, 1)),
  'isSorted sum max min indexOf lastIndexOf': (call) => dataCost(call.arguments[0]!),
  'url lowerAscii upperAscii substring trim jsonpatch.escapeKey': firstTraversed,
  'replace split ip.isCanonical': (call) => traversal(2 * sizeAt(call, 0)),
  join: (call) => traversal(2 * actualSize(call.result)),
  'find findAll': regexMatched,
  'cidr isIP isCIDR quantity isQuantity semver isSemver': firstTraversed,
  ip: (call) => (call.overload === 'cidr_ip' ? 1 : traversal(sizeAt(call, 0))),
  'masked prefixLength family isUnspecified isLoopback': nominal,
  'isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast': nominal,
  containsIP: (call) =>
    traversal(2 * sizeAt(call, 0)) + (call.overload === 'cidr_contains_ip_string' ? traversal(sizeAt(call, 1)) : 0),
  containsCIDR: (call) =>
    traversal(2 * sizeAt(call, 0)) +
    traversal(sizeAt(call, 0)) +
    1 +
    (call.overload === 'cidr_contains_cidr_string' ? traversal(sizeAt(call, 1)) : 0),
  validate: validationCost,
  'format.named': nominal,
  'sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub': nominal,
  'major minor patch getScheme getHostname getHost getPort getEscapedPath getQuery': nominal,
  '_==_': (call) => (call.arguments[0] instanceof Opaque ? 1 : undefined),
})

/** Of cel-go's own extensions; these come before all others. */
const overloadCosts = costTable({
  'list_sets_contains_list list_sets_intersects_list': (call) => 1 + sizeAt(call, 0) * sizeAt(call, 1),
  list_sets_equivalent_list: (call) => 1 + 2 * sizeAt(call, 0) * sizeAt(call, 1),
  'list_slice lists_range list_reverse': (call) => allocation(1, actualSize(call.result)),
  list_flatten: (call) => allocation(1, sizeAt(call, 0)),
  list_flatten_int: (call) => allocation(Number(call.arguments[1]), sizeAt(call, 0)),
  list_distinct: (call) => selfComparison(call.arguments[0]),
  ...Object.fromEntries(
    'int uint double bool google.protobuf.Duration google.protobuf.Timestamp string bytes'
      .split(' ')
      .flatMap((type) => [
        [`list_${type}_sort`, (call: CompletedCall) => selfComparison(call.arguments[0])],
        [`list_${type}_sortByAssociatedKeys`, (call: CompletedCall) => selfComparison(call.arguments[1])],
      ]),
  ),
})

function allocation(factor: number, size: number): number {
  return Math.floor(size * factor) + 1 + listCreateBaseCost
}

/** Of comparing each element with each other. */
function selfComparison(list: CelValue | undefined): number {
  if (!(list instanceof CelList)) return 1
  const first = list.size === 0 ? null : list.at(0)
  const isText = typeof first === 'string' || first instanceof Bytes
  return allocation(isText ? 2 + stringTraversalCostFactor : 2, list.size * list.size)
}

function costTable(rows: Readonly<Record<string, Cost>>): ReadonlyMap<string, Cost> {
  return new Map(Object.entries(rows).flatMap(([names, cost]) => names.split(' ').map((name) => [name, cost] as const)))
}

/** A selector is a list of requirements, the shortest of two characters; each is a struct with a list. */
function selectorCost(size: number): number {
  const requirements = Math.ceil(size * 0.5)
  return listCreateBaseCost + traversal(size) + requirements * (listCreateBaseCost + structCreateBaseCost)
}

function validationCost({ arguments: [format, text] }: CompletedCall): number | undefined {
  const patternSize = format instanceof Opaque ? format.patternSize : undefined
  return patternSize === undefined ? undefined : regexCost(actualSize(text), patternSize)
}

/** Of going through all of a value. Text counts in bytes here, and a short one costs nothing. */
function dataCost(value: CelValue): number {
  if (typeof value === 'string') return Math.floor(Buffer.byteLength(value) * stringTraversalCostFactor)
  if (value instanceof Bytes) return Math.floor(value.bytes.length * stringTraversalCostFactor)
  let cost = 0
  if (value instanceof CelList) {
    for (let index = 0; index < value.size; index++) cost += dataCost(value.at(index))
    return cost
  }
  if (!(value instanceof CelMap)) return 1
  for (const key of value.keys()) cost += dataCost(key) + dataCost(value.find(key) ?? null)
  return cost
}
