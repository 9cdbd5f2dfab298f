/** The syntax tree of an expression, macros expanded. After cel-go common/ast. */

import type { Bytes, CelScalar } from './values.ts'

export type Expression =
  | Literal
  | Identifier
  | Select
  | Call
  | ListLiteral
  | MapLiteral
  | ObjectLiteral
  | Comprehension
  | Unspecified

interface Node {
  /** Unique within its expression; a copy made by a macro has its own. */
  readonly id: number
  /** Where error texts point, in code points from the start. */
  readonly offset: number
}

export interface Literal extends Node {
  readonly kind: 'literal'
  readonly value: CelScalar | Bytes | null
}

export interface Identifier extends Node {
  readonly kind: 'identifier'
  readonly name: string
}

export interface Select extends Node {
  readonly kind: 'select'
  readonly operand: Expression
  readonly field: string
  /** Of `has(operand.field)`. */
  readonly testOnly: boolean
}

export interface Call extends Node {
  readonly kind: 'call'
  readonly function: string
  /** What stands before the dot in `target.function()`. */
  readonly target: Expression | undefined
  readonly arguments: readonly Expression[]
}

export interface ListLiteral extends Node {
  readonly kind: 'list'
  readonly elements: readonly Expression[]
  /** Indices of the elements written `?element`. */
  readonly optionals: ReadonlySet<number>
}

export interface MapLiteral extends Node {
  readonly kind: 'map'
  readonly entries: readonly MapEntry[]
}

export interface MapEntry extends Node {
  readonly key: Expression
  readonly value: Expression
  readonly optional: boolean
}

export interface ObjectLiteral extends Node {
  readonly kind: 'object'
  readonly typeName: string
  readonly fields: readonly ObjectField[]
}

export interface ObjectField extends Node {
  readonly name: string
  readonly value: Expression
  readonly optional: boolean
}

/** What `all`, `exists`, `map`, `filter`, `cel.bind`… become: a fold over a list or a map. */
export interface Comprehension extends Node {
  readonly kind: 'comprehension'
  readonly range: Expression
  readonly variable: string
  /** Of the forms with two: the element or value, `variable` being index or key. */
  readonly secondVariable: string | undefined
  readonly accumulator: string
  readonly initial: Expression
  readonly condition: Expression
  readonly step: Expression
  readonly result: Expression
}

/** Stands where an error was reported. */
export interface Unspecified extends Node {
  readonly kind: 'unspecified'
}

/** The expressions that are parts of this one. */
export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'select':
      return [expression.operand]
    case 'call':
      return [...(expression.target === undefined ? [] : [expression.target]), ...expression.arguments]
    case 'list':
      return expression.elements
    case 'map':
      return expression.entries.flatMap(({ key, value }) => [key, value])
    case 'object':
      return expression.fields.map(({ value }) => value)
    case 'comprehension': {
      const { range, initial, condition, step, result } = expression
      return [range, initial, condition, step, result]
    }
    default:
      return []
  }
}
