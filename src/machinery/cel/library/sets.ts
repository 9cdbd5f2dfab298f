/** Lists taken as sets. After cel-go ext/sets.go v0.26. */

import { includes } from '../comparison.ts'
import { type FunctionDeclaration, globalFunction } from '../declarations.ts'
import { elementsOf } from '../json-values.ts'
import { boolType, listType, parameterType } from '../types.ts'
import { noSuchOverload } from '../value-types.ts'
import { CelList, type CelValue } from '../values.ts'

const listOfT = listType(parameterType('T'))

function setFunction(name: string, holds: (left: CelList, right: CelList) => boolean): FunctionDeclaration {
  return globalFunction(`sets.${name}`, `list_sets_${name}_list`, {
    arguments: [listOfT, listOfT],
    result: boolType,
    apply: (left?: CelValue, right?: CelValue) =>
      left instanceof CelList && right instanceof CelList ? holds(left, right) : noSuchOverload,
  })
}

export const setFunctions: readonly FunctionDeclaration[] = [
  setFunction('contains', containsAll),
  setFunction('equivalent', (left, right) => containsAll(left, right) && containsAll(right, left)),
  setFunction('intersects', (left, right) => [...elementsOf(left)].some((element) => includes(right, element))),
]

function containsAll(list: CelList, elements: CelList): boolean {
  return [...elementsOf(elements)].every((element) => includes(list, element))
}
