import { isJsonObject, type JsonObject, setMember } from '../../../machinery/structural-schema/values.ts'

/** A way down: the name of a member, or the first item of a list. */
export type Step = string | 0

/** The smallest object that has `value` at the end of `steps`. After surroundingobject.go. */
export function surround(value: unknown, steps: readonly Step[]): unknown {
  return steps.reduceRight<unknown>((inner, step) => {
    if (step === 0) return [inner]
    const object: JsonObject = {}
    setMember(object, step, inner)
    return object
  }, value)
}

/** What stands at the end of `steps`; `undefined` when there is nothing. */
export function valueAt(object: unknown, steps: readonly Step[]): unknown {
  return steps.reduce<unknown>((outer, step) => {
    if (step === 0) return Array.isArray(outer) ? outer[0] : undefined
    return isJsonObject(outer) && Object.hasOwn(outer, step) ? outer[step] : undefined
  }, object)
}
