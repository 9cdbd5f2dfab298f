/** Calls that the parser rewrites into other expressions. After cel-go parser/macro.go v0.26. */

import type { Expression } from './expression.ts'
import type { ExpressionFactory } from './expression-factory.ts'
import type { CompileError } from './source.ts'

export interface MacroCall {
  /** Of the opening parenthesis; what the macro makes stands there. */
  readonly offset: number
  readonly function: string
  readonly target: Expression | undefined
  readonly arguments: readonly Expression[]
}

export type Expansion = { expression: Expression } | { error: CompileError }

/** Undefined where the call is not for this macro after all. */
export type Expander = (call: MacroCall, factory: ExpressionFactory) => Expansion | undefined

/** By `macroKey`. */
export type Macros = ReadonlyMap<string, Expander>

/** `target.name(…)` with so many arguments, or `name(…)`. */
export function macroKey(name: string, argumentCount: number, style: 'receiver' | 'global'): string {
  return `${style}:${name}:${argumentCount}`
}

export function expandMacro(macros: Macros, call: MacroCall, factory: ExpressionFactory): Expansion | undefined {
  const style = call.target === undefined ? 'global' : 'receiver'
  return macros.get(macroKey(call.function, call.arguments.length, style))?.(call, factory)
}

export function macroError(at: Expression, message: string): Expansion {
  return { error: { offset: at.offset, message } }
}
