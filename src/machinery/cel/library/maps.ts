/** What transformMap and transformMapEntry are made of. After cel-go ext/comprehensions.go v0.26. */

import { type FunctionDeclaration, overload } from '../declarations.ts'
import { formatValue } from '../format-value.ts'
import { mapType, parameterType } from '../types.ts'
import { noSuchOverload } from '../value-types.ts'
import { CelMap, type CelValue, Failure, mapKey, ValueMap } from '../values.ts'

const k = parameterType('K')
const v = parameterType('V')
const mapOfKV = mapType(k, v)

export const mapFunctions: readonly FunctionDeclaration[] = [
  {
    name: 'cel.@mapInsert',
    overloads: [
      overload('@mapInsert_map_key_value', {
        arguments: [mapOfKV, k, v],
        result: mapOfKV,
        apply: (map, key, value) => insert(map!, key!, value!),
      }),
      overload('@mapInsert_map_map', {
        arguments: [mapOfKV, mapOfKV],
        result: mapOfKV,
        apply: (map, entries) => insertAll(map!, entries!),
      }),
    ],
  },
]

function insert(map: CelValue, key: CelValue, value: CelValue): CelValue {
  if (!(map instanceof ValueMap) || mapKey(key) === undefined) return noSuchOverload
  return map.with(key, value) ?? new Failure(`insert failed: key ${formatValue(key)} already exists`)
}

function insertAll(map: CelValue, entries: CelValue): CelValue {
  if (!(entries instanceof CelMap)) return noSuchOverload
  let result = map
  for (const key of entries.keys()) {
    result = insert(result, key, entries.find(key) ?? null)
    if (result instanceof Failure) return result
  }
  return result
}
