/** Optional values. After optionalLib in cel-go cel/library.go v0.26. */

import { type FunctionDeclaration, memberOverload, overload } from '../declarations.ts'
import type { Expression } from '../expression.ts'
import type { ExpressionFactory } from '../expression-factory.ts'
import { formatValue } from '../format-value.ts'
import { elementsOf } from '../json-values.ts'
import { type Expander, type Expansion, type MacroCall, macroError, macroKey } from '../macro.ts'
import { minTimestamp } from '../time-values.ts'
import { boolType, dynType, intType, listType, mapType, optionalType, parameterType, stringType } from '../types.ts'
import { noSuchOverload } from '../value-types.ts'
import {
  Bytes,
  CelList,
  CelMap,
  type CelValue,
  Duration,
  Failure,
  Optional,
  Timestamp,
  Unsigned,
  ValueList,
} from '../values.ts'

const k = parameterType('K')
const v = parameterType('V')
const optionalOfV = optionalType(v)
const listOfV = listType(v)
const mapOfKV = mapType(k, v)
const listOfOptionals = listType(optionalOfV)

/** What `type(optional.none())` is. */
export const optionalTypeName = optionalType(dynType)

const none = new Optional()

export const optionalFunctions: readonly FunctionDeclaration[] = [
  {
    name: 'optional.of',
    overloads: [
      overload('optional_of', { arguments: [v], result: optionalOfV, apply: (value) => new Optional(value) }),
    ],
  },
  {
    name: 'optional.ofNonZeroValue',
    overloads: [
      overload('optional_ofNonZeroValue', {
        arguments: [v],
        result: optionalOfV,
        apply: (value) => (isZero(value!) ? none : new Optional(value)),
      }),
    ],
  },
  {
    name: 'optional.none',
    overloads: [overload('optional_none', { arguments: [], result: optionalOfV, apply: () => none })],
  },
  {
    name: 'value',
    overloads: [
      memberOverload('optional_value', { arguments: [optionalOfV], result: v, apply: (value) => contentOf(value!) }),
    ],
  },
  {
    name: 'hasValue',
    overloads: [
      memberOverload('optional_hasValue', {
        arguments: [optionalOfV],
        result: boolType,
        apply: (value) => (value instanceof Optional ? value.value !== undefined : noSuchOverload),
      }),
    ],
  },
  {
    name: 'or',
    overloads: [memberOverload('optional_or_optional', { arguments: [optionalOfV, optionalOfV], result: optionalOfV })],
  },
  {
    name: 'orValue',
    overloads: [memberOverload('optional_orValue_value', { arguments: [optionalOfV, v], result: v })],
  },
  {
    name: '_?._',
    overloads: [overload('select_optional_field', { arguments: [dynType, stringType], result: optionalOfV })],
  },
  {
    name: '_[?_]',
    overloads: [
      overload('list_optindex_optional_int', { arguments: [listOfV, intType], result: optionalOfV }),
      overload('optional_list_optindex_optional_int', {
        arguments: [optionalType(listOfV), intType],
        result: optionalOfV,
      }),
      overload('map_optindex_optional_value', { arguments: [mapOfKV, k], result: optionalOfV }),
      overload('optional_map_optindex_optional_value', { arguments: [optionalType(mapOfKV), k], result: optionalOfV }),
    ],
  },
  {
    name: '_[_]',
    overloads: [
      overload('optional_list_index_int', { arguments: [optionalType(listOfV), intType], result: optionalOfV }),
      overload('optional_map_index_value', { arguments: [optionalType(mapOfKV), k], result: optionalOfV }),
    ],
  },
  {
    name: 'last',
    overloads: [memberOverload('list_last', { arguments: [listOfV], result: optionalOfV, apply: elementAt(-1) })],
  },
  {
    name: 'first',
    overloads: [memberOverload('list_first', { arguments: [listOfV], result: optionalOfV, apply: elementAt(0) })],
  },
  {
    name: 'optional.unwrap',
    overloads: [overload('optional_unwrap', { arguments: [listOfOptionals], result: listOfV, apply: unwrap })],
  },
  {
    name: 'unwrapOpt',
    overloads: [memberOverload('optional_unwrapOpt', { arguments: [listOfOptionals], result: listOfV, apply: unwrap })],
  },
]

export const optionalMacros: readonly (readonly [string, Expander])[] = [
  [macroKey('optMap', 2, 'receiver'), (call, factory) => mapped(call, factory, wrapped)],
  [macroKey('optFlatMap', 2, 'receiver'), (call, factory) => mapped(call, factory, (inner) => inner)],
]

function wrapped(inner: Expression, factory: ExpressionFactory): Expression {
  return factory.call(inner.offset, 'optional.of', [inner])
}

/** `target.hasValue() ? fold that binds the variable to target.value() : optional.none()`. */
function mapped(
  call: MacroCall,
  factory: ExpressionFactory,
  wrap: (inner: Expression, factory: ExpressionFactory) => Expression,
): Expansion {
  const [variable, transform] = call.arguments as [Expression, Expression]
  if (variable.kind !== 'identifier') {
    return macroError(variable, `${call.function}() variable name must be a simple identifier`)
  }
  const { offset } = call
  const target = call.target!
  const binding = factory.comprehension(offset, {
    range: factory.list(offset, []),
    variable: '#unused',
    secondVariable: undefined,
    accumulator: variable.name,
    initial: factory.call(offset, 'value', [], factory.copy(target)),
    condition: factory.literal(offset, false),
    step: factory.identifier(offset, variable.name),
    result: transform,
  })
  const branches = [
    factory.call(offset, 'hasValue', [], target),
    wrap(binding, factory),
    factory.call(offset, 'optional.none', []),
  ]
  return { expression: factory.call(offset, '_?_:_', branches) }
}

function contentOf(optional: CelValue): CelValue {
  if (!(optional instanceof Optional)) return noSuchOverload
  return optional.value ?? (optional.value === null ? null : new Failure('optional.none() dereference'))
}

function elementAt(place: 0 | -1): (list: CelValue | undefined) => CelValue {
  return (list) => {
    if (!(list instanceof CelList)) return noSuchOverload
    return list.size === 0 ? none : new Optional(list.at(place === 0 ? 0 : list.size - 1))
  }
}

function unwrap(list: CelValue | undefined): CelValue {
  if (!(list instanceof CelList)) return noSuchOverload
  const values: CelValue[] = []
  for (const element of elementsOf(list)) {
    if (!(element instanceof Optional)) return new Failure(`value ${formatValue(element)} is not optional`)
    if (element.value !== undefined) values.push(element.value)
  }
  return new ValueList(values)
}

function isZero(value: CelValue): boolean {
  if (value === null || value === false || value === 0n || value === 0 || value === '') return true
  if (value instanceof CelList || value instanceof CelMap) return value.size === 0
  if (value instanceof Unsigned) return value.value === 0n
  if (value instanceof Duration) return value.nanos === 0n
  if (value instanceof Timestamp) return value.nanos === minTimestamp
  return value instanceof Bytes && value.bytes.length === 0
}
