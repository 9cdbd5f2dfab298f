/** Quantities. After apiserver pkg/cel/library/quantity.go v1.36. */

import { parseQuantity, type Quantity, QuantityError, quantityOf } from '../../quantity.ts'
import {
  type FunctionDeclaration,
  globalFunction,
  memberFunction,
  memberOverload,
  type Signature,
} from '../declarations.ts'
import { boolType, type CelType, doubleType, intType, receiverType, stringType } from '../types.ts'
import { noSuchOverload } from '../value-types.ts'
import { type CelValue, Failure, Opaque } from '../values.ts'

export const quantityType = receiverType('kubernetes.Quantity')

class QuantityValue extends Opaque {
  readonly type: CelType = quantityType
  readonly quantity: Quantity

  constructor(quantity: Quantity) {
    super()
    this.quantity = quantity
  }

  equals(other: CelValue): boolean | Failure {
    return other instanceof QuantityValue ? this.quantity.compare(other.quantity) === 0 : noSuchOverload
  }

  toString(): string {
    return this.quantity.toString()
  }
}

const nanoPerUnit = 1_000_000_000n

export const quantityFunctions: readonly FunctionDeclaration[] = [
  globalFunction('quantity', 'string_to_quantity', { arguments: [stringType], result: quantityType, apply: parse }),
  globalFunction('isQuantity', 'is_quantity_string', {
    arguments: [stringType],
    result: boolType,
    apply: (text) => parse(text) instanceof QuantityValue,
  }),
  globalFunction(
    'sign',
    'quantity_sign',
    unary(intType, ({ nano }) => (nano < 0n ? -1n : nano > 0n ? 1n : 0n)),
  ),
  memberFunction(
    'isGreaterThan',
    'quantity_is_greater_than',
    binary(boolType, (left, right) => left.compare(right) > 0),
  ),
  memberFunction(
    'isLessThan',
    'quantity_is_less_than',
    binary(boolType, (left, right) => left.compare(right) < 0),
  ),
  memberFunction(
    'compareTo',
    'quantity_compare_to',
    binary(intType, (left, right) => BigInt(left.compare(right))),
  ),
  memberFunction(
    'asApproximateFloat',
    'quantity_get_float',
    unary(doubleType, ({ nano }) => Number(nano) / 1e9),
  ),
  memberFunction('asInteger', 'quantity_get_int', unary(intType, asInteger)),
  memberFunction(
    'isInteger',
    'quantity_is_integer',
    unary(boolType, (quantity) => isInteger(quantity)),
  ),
  {
    name: 'add',
    overloads: [
      memberOverload(
        'quantity_add',
        binary(quantityType, (left, right) => new QuantityValue(left.add(right))),
      ),
      memberOverload(
        'quantity_add_int',
        withInt((left, right) => left.add(right)),
      ),
    ],
  },
  {
    name: 'sub',
    overloads: [
      memberOverload(
        'quantity_sub',
        binary(quantityType, (left, right) => new QuantityValue(left.subtract(right))),
      ),
      memberOverload(
        'quantity_sub_int',
        withInt((left, right) => left.subtract(right)),
      ),
    ],
  },
]

function parse(text?: CelValue): CelValue {
  if (typeof text !== 'string') return noSuchOverload
  try {
    return new QuantityValue(parseQuantity(text))
  } catch (err) {
    if (!(err instanceof QuantityError)) throw err
    return new Failure(err.message)
  }
}

/** Whole, and within 64 bits. */
function isInteger({ nano }: Quantity): boolean {
  const units = nano / nanoPerUnit
  return nano % nanoPerUnit === 0n && BigInt.asIntN(64, units) === units
}

function asInteger(quantity: Quantity): CelValue {
  return isInteger(quantity) ? quantity.nano / nanoPerUnit : new Failure('cannot convert value to integer')
}

function unary(result: CelType, apply: (quantity: Quantity) => CelValue): Signature {
  return {
    arguments: [quantityType],
    result,
    apply: (value) => (value instanceof QuantityValue ? apply(value.quantity) : noSuchOverload),
  }
}

function binary(result: CelType, apply: (left: Quantity, right: Quantity) => CelValue): Signature {
  return {
    arguments: [quantityType, quantityType],
    result,
    apply: (left, right) =>
      left instanceof QuantityValue && right instanceof QuantityValue
        ? apply(left.quantity, right.quantity)
        : noSuchOverload,
  }
}

function withInt(apply: (left: Quantity, right: Quantity) => Quantity): Signature {
  return {
    arguments: [quantityType, intType],
    result: quantityType,
    apply: (left, right) =>
      left instanceof QuantityValue && typeof right === 'bigint'
        ? new QuantityValue(apply(left.quantity, quantityOf(right, 'DecimalExponent')))
        : noSuchOverload,
  }
}
