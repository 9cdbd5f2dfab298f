/** What an environment declares: functions with their overloads. After cel-go common/decls v0.26. */

import type { CelType } from './types.ts'
import type { CelValue } from './values.ts'

export type Implementation = (...args: CelValue[]) => CelValue

export interface Overload {
  /** Cel-go's id, by which costs are looked up. */
  readonly id: string
  /** Called as `first.function(rest)`; `arguments` begins with the target. */
  readonly member: boolean
  readonly arguments: readonly CelType[]
  readonly result: CelType
  /** Absent where the function's own serves all overloads. Never throws for what an expression can cause. */
  readonly apply?: Implementation
  /** Skips the check of the values' types before `apply`. */
  readonly unguarded?: boolean
}

export interface FunctionDeclaration {
  readonly name: string
  readonly overloads: readonly Overload[]
  /** Serves all overloads whatever the types of the values are. */
  readonly apply?: Implementation
}

export interface Signature {
  readonly arguments: readonly CelType[]
  readonly result: CelType
  readonly apply?: Implementation
  readonly unguarded?: boolean
}

export function overload(id: string, signature: Signature): Overload {
  return { id, member: false, ...signature }
}

export function memberOverload(id: string, signature: Signature): Overload {
  return { id, member: true, ...signature }
}

/** A function of one overload, or a part of one: `name(arguments)`. */
export function globalFunction(name: string, id: string, signature: Signature): FunctionDeclaration {
  return { name, overloads: [overload(id, signature)] }
}

/** As `globalFunction`, called `target.name(arguments)`. */
export function memberFunction(name: string, id: string, signature: Signature): FunctionDeclaration {
  return { name, overloads: [memberOverload(id, signature)] }
}

/** Declarations by name; the overloads of one name add up in order. */
export function mergeFunctions(declarations: Iterable<FunctionDeclaration>): Map<string, FunctionDeclaration> {
  const merged = new Map<string, FunctionDeclaration>()
  for (const declaration of declarations) {
    const former = merged.get(declaration.name)
    merged.set(
      declaration.name,
      former === undefined
        ? declaration
        : { ...former, ...declaration, overloads: [...former.overloads, ...declaration.overloads] },
    )
  }
  return merged
}
