/**
 * Objects as Go's encoder writes upstream's internal types: fields under their Go names, in the order of the struct,
 * those that are not set included. Error texts quote them so.
 */
export type GoShape = (value: unknown) => unknown

type Fields = Readonly<Record<string, unknown>>

/** A field that is a string, number or boolean and has `zero` when nothing is set. */
const scalar =
  (zero: unknown): GoShape =>
  (value) =>
    value ?? zero

export const goString = scalar('')
export const goNumber = scalar(0)
export const goBoolean = scalar(false)

/** Maps, and pointers to what is written as it stands. */
export const goValue: GoShape = (value) => value ?? null

export function goList(item: GoShape = goValue): GoShape {
  return (value) => (Array.isArray(value) ? value.map(item) : null)
}

/** `fields`: Go's name, JSON's name and the shape of each. */
export function goStruct(fields: readonly (readonly [goName: string, name: string, shape: GoShape])[]): GoShape {
  return (value) => {
    const from = (value ?? {}) as Fields
    return Object.fromEntries(fields.map(([goName, name, shape]) => [goName, shape(from[name])]))
  }
}

export function goPointer(shape: GoShape): GoShape {
  return (value) => (value === undefined || value === null ? null : shape(value))
}
