/** Functions of lists. After apiserver pkg/cel/library/lists.go v1.36 and cel-go ext/lists.go v0.26. */

import { add } from '../arithmetic.ts'
import { areEqual, compare } from '../comparison.ts'
import { type FunctionDeclaration, globalFunction, memberFunction, memberOverload } from '../declarations.ts'
import { CostLimitExceededError } from '../evaluation.ts'
import type { Expression } from '../expression.ts'
import { elementsOf } from '../json-values.ts'
import { type Expander, expandMacro, macroError, macroKey } from '../macro.ts'
import {
  boolType,
  bytesType,
  type CelType,
  doubleType,
  durationType,
  dynType,
  intType,
  listType,
  parameterType,
  stringType,
  timestampType,
  uintType,
} from '../types.ts'
import { noSuchOverload, typeOfValue } from '../value-types.ts'
import { CelList, type CelValue, Duration, Failure, Unsigned, ValueList } from '../values.ts'
import { standardMacros } from './macros.ts'

const t = parameterType('T')
const listOfT = listType(t)

const summable: Readonly<Record<string, { type: CelType; zero: CelValue }>> = {
  int: { type: intType, zero: 0n },
  uint: { type: uintType, zero: new Unsigned(0n) },
  double: { type: doubleType, zero: 0 },
  duration: { type: durationType, zero: new Duration(0n) },
}

const comparable: Readonly<Record<string, CelType>> = {
  int: intType,
  uint: uintType,
  double: doubleType,
  bool: boolType,
  duration: durationType,
  timestamp: timestampType,
  string: stringType,
  bytes: bytesType,
}

/** What `apply` is given is a list: the guards of overloads see to it. */
const onList = (apply: (list: CelList, ...rest: CelValue[]) => CelValue) => {
  return (list: CelValue | undefined, ...rest: CelValue[]) =>
    list instanceof CelList ? apply(list, ...rest) : noSuchOverload
}

function forEachComparable(name: string, id: (name: string) => string, result: (type: CelType) => CelType) {
  return (apply: (list: CelList) => CelValue): FunctionDeclaration => ({
    name,
    overloads: Object.entries(comparable).map(([typeName, type]) =>
      memberOverload(id(typeName), { arguments: [listType(type)], result: result(type), apply: onList(apply) }),
    ),
  })
}

export const listFunctions: readonly FunctionDeclaration[] = [
  forEachComparable(
    'isSorted',
    (name) => `list_${name}_is_sorted_bool`,
    () => boolType,
  )(isSorted),
  {
    name: 'sum',
    overloads: Object.entries(summable).map(([name, { type, zero }]) =>
      memberOverload(`list_${name}_sum_${name}`, {
        arguments: [listType(type)],
        result: type,
        apply: onList((list) => sum(list, zero)),
      }),
    ),
  },
  forEachComparable(
    'max',
    (name) => `list_${name}_max_${name}`,
    (type) => type,
  )((list) => extreme(list, 'max', (order) => order < 0)),
  forEachComparable(
    'min',
    (name) => `list_${name}_min_${name}`,
    (type) => type,
  )((list) => extreme(list, 'min', (order) => order > 0)),
  memberFunction('indexOf', 'list_a_index_of_int', {
    arguments: [listOfT, t],
    result: intType,
    apply: onList((list, item) =>
      BigInt([...elementsOf(list)].findIndex((element) => areEqual(element, item!) === true)),
    ),
  }),
  memberFunction('lastIndexOf', 'list_a_last_index_of_int', {
    arguments: [listOfT, t],
    result: intType,
    apply: onList((list, item) =>
      BigInt([...elementsOf(list)].findLastIndex((element) => areEqual(element, item!) === true)),
    ),
  }),
  memberFunction('slice', 'list_slice', {
    arguments: [listOfT, intType, intType],
    result: listOfT,
    apply: onList(slice),
  }),
  {
    name: 'flatten',
    overloads: [
      memberOverload('list_flatten', {
        arguments: [listType(listOfT)],
        result: listOfT,
        unguarded: true,
        apply: onList((list) => new ValueList(flattened(list, 1n))),
      }),
      memberOverload('list_flatten_int', {
        arguments: [listType(dynType), intType],
        result: listType(dynType),
        unguarded: true,
        apply: onList(flattenTo),
      }),
    ],
  },
  {
    name: 'sort',
    overloads: Object.entries(comparable).map(([, type]) =>
      memberOverload(`list_${type.name}_sort`, { arguments: [listType(type)], result: listType(type) }),
    ),
    apply: onList((list) => sortedBy(list, list)),
  },
  {
    name: '@sortByAssociatedKeys',
    overloads: Object.entries(comparable).map(([, type]) =>
      memberOverload(`list_${type.name}_sortByAssociatedKeys`, {
        arguments: [listOfT, listType(type)],
        result: listOfT,
      }),
    ),
    apply: onList((list, keys) => (keys instanceof CelList ? sortedBy(list, keys) : noSuchOverload)),
  },
  globalFunction('lists.range', 'lists_range', { arguments: [intType], result: listType(intType), apply: range }),
  memberFunction('reverse', 'list_reverse', {
    arguments: [listOfT],
    result: listOfT,
    apply: onList((list) => new ValueList([...elementsOf(list)].reverse())),
  }),
  memberFunction('distinct', 'list_distinct', { arguments: [listOfT], result: listOfT, apply: onList(distinct) }),
]

function isSorted(list: CelList): CelValue {
  for (let index = 1; index < list.size; index++) {
    const order = compare(list.at(index - 1), list.at(index))
    if (typeof order === 'number' && order > 0) return false
  }
  return true
}

function sum(list: CelList, zero: CelValue): CelValue {
  let total = zero
  for (const element of elementsOf(list)) {
    total = add(total, element)
    if (total instanceof Failure) return total
  }
  return total
}

function extreme(list: CelList, name: string, gives: (order: number) => boolean): CelValue {
  if (list.size === 0) return new Failure(`${name} called on empty list`)
  let result = list.at(0)
  for (const element of elementsOf(list)) {
    const order = compare(result, element)
    if (typeof order === 'number' && gives(order)) result = element
  }
  return result
}

function slice(list: CelList, start?: CelValue, end?: CelValue): CelValue {
  if (typeof start !== 'bigint' || typeof end !== 'bigint') return noSuchOverload
  const refused = (why: string) => new Failure(`cannot slice(${start}, ${end}), ${why}`)
  if (start < 0n || end < 0n) return refused('negative indexes not supported')
  if (start > end) return refused('start index must be less than or equal to end index')
  if (end > list.size) return refused(`list is length ${list.size}`)
  return new ValueList([...elementsOf(list)].slice(Number(start), Number(end)))
}

function flattenTo(list: CelList, depth?: CelValue): CelValue {
  if (typeof depth !== 'bigint')
    return new Failure(`no such overload: list.flatten(${typeOfValue(depth ?? null).name})`)
  return depth < 0n ? new Failure('level must be non-negative') : new ValueList(flattened(list, depth))
}

function flattened(list: CelList, depth: bigint): CelValue[] {
  return [...elementsOf(list)].flatMap((element) =>
    element instanceof CelList && depth > 0n ? flattened(element, depth - 1n) : [element],
  )
}

function sortedBy(list: CelList, keys: CelList): CelValue {
  if (list.size !== keys.size) {
    const rule = '@sortByAssociatedKeys() expected a list of the same size as the associated keys list'
    return new Failure(`${rule}, but got ${list.size} and ${keys.size} elements respectively`)
  }
  const entries = [...elementsOf(list)].map((element, index) => ({ element, key: keys.at(index) }))
  const type = entries.length === 0 ? undefined : typeOfValue(entries[0]!.key).name
  if (type !== undefined && comparable[type] === undefined && !timeNames.has(type)) {
    return new Failure('list elements must be comparable')
  }
  if (entries.some(({ key }) => typeOfValue(key).name !== type))
    return new Failure('list elements must have the same type')
  entries.sort((left, right) => {
    const order = compare(left.key, right.key)
    return typeof order === 'number' ? order : 0
  })
  return new ValueList(entries.map(({ element }) => element))
}

const timeNames = new Set([timestampType.name, durationType.name])

/** A range costs its length, and no run may cost more than this. Refused before the memory is taken. */
const longestRange = 1_000_000n

function range(end: CelValue | undefined): CelValue {
  if (typeof end !== 'bigint') return noSuchOverload
  if (end > longestRange) throw new CostLimitExceededError()
  return new ValueList(Array.from({ length: Math.max(Number(end), 0) }, (_, index) => BigInt(index)))
}

function distinct(list: CelList): CelValue {
  const unique: CelValue[] = []
  for (const element of elementsOf(list)) {
    if (!unique.some((known) => areEqual(element, known) === true)) unique.push(element)
  }
  return new ValueList(unique)
}

const sortInput = '@__sortBy_input__'
const sortable = new Set(['list', 'select', 'identifier', 'comprehension', 'call'])

/** `list.sortBy(x, key)` binds the list, maps it to its keys and sorts by them. */
const sortBy: Expander = (call, factory) => {
  const target = call.target!
  if (!sortable.has(target.kind)) {
    const kinds = 'a list, identifier, comprehension, call or select expression'
    return macroError(target, `sortBy can only be applied to ${kinds}`)
  }
  const { offset } = call
  const input = () => factory.identifier(offset, sortInput)
  const mapCall = { offset, function: 'map', target: input(), arguments: call.arguments }
  const keys = expandMacro(new Map(standardMacros), mapCall, factory)!
  if ('error' in keys) return keys
  const sorted: Expression = factory.call(offset, '@sortByAssociatedKeys', [keys.expression], input())
  const expression = factory.comprehension(offset, {
    range: factory.list(offset, []),
    variable: '#unused',
    secondVariable: undefined,
    accumulator: sortInput,
    initial: target,
    condition: factory.literal(offset, false),
    step: input(),
    result: sorted,
  })
  return { expression }
}

export const listMacros: readonly (readonly [string, Expander])[] = [[macroKey('sortBy', 2, 'receiver'), sortBy]]
