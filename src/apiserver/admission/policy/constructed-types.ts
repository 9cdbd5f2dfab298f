import { ConstructedObject } from '../../../machinery/cel/constructed-object.ts'
import { elementsOf } from '../../../machinery/cel/json-values.ts'
import { CelList, CelMap, type CelValue } from '../../../machinery/cel/values.ts'

/**
 * What is wrong with the names of constructed objects: each must be the path of fields that leads to it, such as
 * `Object.spec.template`. After apiserver pkg/cel/mutation/dynamic CheckTypeNamesMatchFieldPathNames v1.36.
 */
export function typeNameErrors(value: CelValue, path: readonly string[] = ['Object']): string[] {
  if (value instanceof ConstructedObject) return objectErrors(value, path)
  if (value instanceof CelList) return [...elementsOf(value)].flatMap((element) => typeNameErrors(element, path))
  if (!(value instanceof CelMap)) return []
  return [...value.keys()].flatMap((key) => typeNameErrors(value.find(key) ?? null, path))
}

function objectErrors({ constructedType, fields }: ConstructedObject, path: readonly string[]): string[] {
  const expected = path.join('.')
  const { name } = constructedType
  const own =
    name === expected
      ? []
      : [
          `unexpected type name ${JSON.stringify(name)}, expected ${JSON.stringify(expected)}, which matches field name path from root Object type`,
        ]
  const below = [...fields].flatMap(([field, value]) => typeNameErrors(value, [...path, field]))
  return [...own, ...below]
}
