/** The operators and functions of the language itself. After cel-go common/stdlib/standard.go v0.26. */

import { add, divide, modulo, multiply, negate, subtract } from '../arithmetic.ts'
import { compare, includes, isOrdered } from '../comparison.ts'
import { type ConversionTarget, convert } from '../conversion.ts'
import { type FunctionDeclaration, memberOverload, overload } from '../declarations.ts'
import { matches } from '../regular-expression.ts'
import { sizeOf } from '../size.ts'
import {
  boolType,
  bytesType,
  type CelType,
  doubleType,
  durationType,
  dynType,
  intType,
  listType,
  mapType,
  nullType,
  parameterType,
  stringType,
  timestampType,
  typeOf,
  typeType,
  uintType,
} from '../types.ts'
import { noSuchOverload, typeOfValue } from '../value-types.ts'
import { CelList, CelMap, type CelValue, Failure, TypeValue } from '../values.ts'
import { timeFunctions } from './time.ts'

const a = parameterType('A')
const b = parameterType('B')
const listOfA = listType(a)
const mapOfAB = mapType(a, b)

/** Types that expressions may name. */
export const standardTypes: readonly CelType[] = [
  ...[boolType, bytesType, doubleType, durationType, intType, listType(dynType), mapType(dynType, dynType)],
  ...[nullType, stringType, timestampType, typeType, uintType],
]

const ordered: readonly (readonly [name: string, type: CelType])[] = [
  ['int64', intType],
  ['uint64', uintType],
  ['double', doubleType],
]

function orderOverloads(name: string) {
  const scalar = (suffix: string, type: CelType) =>
    overload(`${name}_${suffix}`, { arguments: [type, type], result: boolType })
  const numbers = ordered.flatMap(([left, leftType]) => [
    scalar(left, leftType),
    ...ordered
      .filter(([right]) => right !== left)
      .map(([right, rightType]) =>
        overload(`${name}_${left}_${right}`, { arguments: [leftType, rightType], result: boolType }),
      ),
  ])
  return [
    scalar('bool', boolType),
    ...numbers,
    scalar('string', stringType),
    scalar('bytes', bytesType),
    scalar('timestamp', timestampType),
    scalar('duration', durationType),
  ]
}

function orderFunction(operator: string, name: string, holds: (order: number) => boolean): FunctionDeclaration {
  return {
    name: operator,
    overloads: orderOverloads(name),
    apply: (left, right) => {
      if (!isOrdered(left!)) return new Failure(`no such overload: ${operator}`)
      const order = compare(left!, right!)
      return order instanceof Failure ? order : holds(order)
    },
  }
}

/** All types of one operator that takes two of a kind and gives the same. */
function closed(name: string, types: Readonly<Record<string, CelType>>) {
  return Object.entries(types).map(([suffix, type]) =>
    overload(`${name}_${suffix}`, { arguments: [type, type], result: type }),
  )
}

const numbers = { double: doubleType, int64: intType, uint64: uintType }

const operators: readonly FunctionDeclaration[] = [
  { name: '_?_:_', overloads: [overload('conditional', { arguments: [boolType, a, a], result: a })] },
  { name: '_&&_', overloads: [overload('logical_and', { arguments: [boolType, boolType], result: boolType })] },
  { name: '_||_', overloads: [overload('logical_or', { arguments: [boolType, boolType], result: boolType })] },
  {
    name: '!_',
    overloads: [overload('logical_not', { arguments: [boolType], result: boolType })],
    apply: (value) => (typeof value === 'boolean' ? !value : noSuchOverload),
  },
  {
    name: '@not_strictly_false',
    overloads: [overload('not_strictly_false', { arguments: [boolType], result: boolType })],
    apply: (value) => value !== false,
  },
  { name: '_==_', overloads: [overload('equals', { arguments: [a, a], result: boolType })] },
  { name: '_!=_', overloads: [overload('not_equals', { arguments: [a, a], result: boolType })] },
  {
    name: '_+_',
    overloads: [
      overload('add_bytes', { arguments: [bytesType, bytesType], result: bytesType }),
      overload('add_double', { arguments: [doubleType, doubleType], result: doubleType }),
      overload('add_duration_duration', { arguments: [durationType, durationType], result: durationType }),
      overload('add_duration_timestamp', { arguments: [durationType, timestampType], result: timestampType }),
      overload('add_timestamp_duration', { arguments: [timestampType, durationType], result: timestampType }),
      overload('add_int64', { arguments: [intType, intType], result: intType }),
      overload('add_list', { arguments: [listOfA, listOfA], result: listOfA }),
      overload('add_string', { arguments: [stringType, stringType], result: stringType }),
      overload('add_uint64', { arguments: [uintType, uintType], result: uintType }),
    ],
    apply: (left, right) => add(left!, right!),
  },
  { name: '_/_', overloads: closed('divide', numbers), apply: (left, right) => divide(left!, right!) },
  {
    name: '_%_',
    overloads: closed('modulo', { int64: intType, uint64: uintType }),
    apply: (left, right) => modulo(left!, right!),
  },
  { name: '_*_', overloads: closed('multiply', numbers), apply: (left, right) => multiply(left!, right!) },
  {
    name: '-_',
    overloads: [
      overload('negate_double', { arguments: [doubleType], result: doubleType }),
      overload('negate_int64', { arguments: [intType], result: intType }),
    ],
    apply: (value) => negate(value!),
  },
  {
    name: '_-_',
    overloads: [
      overload('subtract_double', { arguments: [doubleType, doubleType], result: doubleType }),
      overload('subtract_duration_duration', { arguments: [durationType, durationType], result: durationType }),
      overload('subtract_int64', { arguments: [intType, intType], result: intType }),
      overload('subtract_timestamp_duration', { arguments: [timestampType, durationType], result: timestampType }),
      overload('subtract_timestamp_timestamp', { arguments: [timestampType, timestampType], result: durationType }),
      overload('subtract_uint64', { arguments: [uintType, uintType], result: uintType }),
    ],
    apply: (left, right) => subtract(left!, right!),
  },
  orderFunction('_<_', 'less', (order) => order < 0),
  orderFunction('_<=_', 'less_equals', (order) => order <= 0),
  orderFunction('_>_', 'greater', (order) => order > 0),
  orderFunction('_>=_', 'greater_equals', (order) => order >= 0),
  {
    name: '_[_]',
    overloads: [
      overload('index_list', { arguments: [listOfA, intType], result: a }),
      overload('index_map', { arguments: [mapOfAB, a], result: b }),
    ],
  },
  {
    name: '@in',
    overloads: [
      overload('in_list', { arguments: [a, listOfA], result: boolType }),
      overload('in_map', { arguments: [a, mapOfAB], result: boolType }),
    ],
    apply: (value, container) => contains(container!, value!),
  },
]

function conversion(target: ConversionTarget, result: CelType, from: Readonly<Record<string, CelType>>) {
  const names: Readonly<Partial<Record<ConversionTarget, string>>> = { int: 'int64', uint: 'uint64' }
  return {
    name: target,
    overloads: Object.entries(from).map(([source, type]) =>
      overload(`${source}_to_${names[target] ?? target}`, {
        arguments: [type],
        result,
        apply: (value) => convert(value!, target),
      }),
    ),
  }
}

const conversions: readonly FunctionDeclaration[] = [
  {
    name: 'type',
    overloads: [
      overload('type', { arguments: [a], result: typeOf(a), apply: (value) => new TypeValue(typeOfValue(value!)) }),
    ],
  },
  conversion('bool', boolType, { bool: boolType, string: stringType }),
  conversion('bytes', bytesType, { bytes: bytesType, string: stringType }),
  conversion('double', doubleType, { double: doubleType, int64: intType, string: stringType, uint64: uintType }),
  conversion('duration', durationType, { duration: durationType, int64: intType, string: stringType }),
  { name: 'dyn', overloads: [overload('to_dyn', { arguments: [a], result: dynType, apply: (value) => value! })] },
  conversion('int', intType, {
    int64: intType,
    double: doubleType,
    duration: durationType,
    string: stringType,
    timestamp: timestampType,
    uint64: uintType,
  }),
  conversion('string', stringType, {
    string: stringType,
    bool: boolType,
    bytes: bytesType,
    double: doubleType,
    duration: durationType,
    int64: intType,
    timestamp: timestampType,
    uint64: uintType,
  }),
  conversion('timestamp', timestampType, { timestamp: timestampType, int64: intType, string: stringType }),
  conversion('uint', uintType, { uint64: uintType, double: doubleType, int64: intType, string: stringType }),
]

const sizeApply = (value: CelValue | undefined) => BigInt(sizeOf(value!)!)

const sizeFunction: FunctionDeclaration = {
  name: 'size',
  overloads: Object.entries({ bytes: bytesType, list: listOfA, map: mapOfAB, string: stringType }).flatMap(
    ([name, type]) => [
      overload(`size_${name}`, { arguments: [type], result: intType, apply: sizeApply }),
      memberOverload(`${name}_size`, { arguments: [type], result: intType, apply: sizeApply }),
    ],
  ),
}

function textTest(name: string, id: string, holds: (text: string, part: string) => boolean): FunctionDeclaration {
  const apply = (text: CelValue | undefined, part: CelValue | undefined) =>
    typeof text === 'string' && typeof part === 'string' ? holds(text, part) : noSuchOverload
  const signature = { arguments: [stringType, stringType], result: boolType, apply, unguarded: true }
  return { name, overloads: [memberOverload(id, signature)] }
}

const textFunctions: readonly FunctionDeclaration[] = [
  textTest('contains', 'contains_string', (text, part) => text.includes(part)),
  textTest('endsWith', 'ends_with_string', (text, part) => text.endsWith(part)),
  textTest('startsWith', 'starts_with_string', (text, part) => text.startsWith(part)),
  {
    name: 'matches',
    overloads: [
      overload('matches', { arguments: [stringType, stringType], result: boolType }),
      memberOverload('matches_string', { arguments: [stringType, stringType], result: boolType }),
    ],
    apply: (text, pattern) => {
      if (typeof text !== 'string') return new Failure('no such overload: matches')
      return typeof pattern === 'string' ? matches(text, pattern) : noSuchOverload
    },
  },
]

/** `in`: among the elements of a list or the keys of a map. */
function contains(container: CelValue, value: CelValue): CelValue {
  if (container instanceof CelMap) {
    const found = container.find(value)
    return found instanceof Failure ? found : found !== undefined
  }
  return container instanceof CelList ? includes(container, value) : noSuchOverload
}

export const standardFunctions: readonly FunctionDeclaration[] = [
  ...operators,
  ...conversions,
  sizeFunction,
  ...textFunctions,
  ...timeFunctions,
]
