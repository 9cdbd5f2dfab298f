/** The macros of CEL: has, all, exists, exists_one, map, filter, for one variable and for two. */

import type { Expression } from '../expression.ts'
import type { ExpressionFactory } from '../expression-factory.ts'
import { type Expander, type Expansion, type MacroCall, macroError, macroKey } from '../macro.ts'

/** No expression can name it, so that it never hides a variable. */
export const accumulatorName = '@result'
const formerAccumulatorName = '__result__'

/** What a fold begins with, does and yields; made afresh for each call, since nodes are not shared. */
interface Fold {
  initial: Expression
  condition: Expression
  step: Expression
  result: Expression
}

type FoldMaker = (make: FoldFactory, call: MacroCall) => Fold

/** After cel-go parser/macro.go v0.26. */
export const standardMacros: readonly (readonly [string, Expander])[] = [
  [macroKey('has', 1, 'global'), has],
  [macroKey('all', 2, 'receiver'), oneVariable(quantifierTexts, all)],
  [macroKey('exists', 2, 'receiver'), oneVariable(quantifierTexts, exists)],
  [macroKey('exists_one', 2, 'receiver'), oneVariable(quantifierTexts, existsOne)],
  [macroKey('existsOne', 2, 'receiver'), oneVariable(quantifierTexts, existsOne)],
  [macroKey('map', 2, 'receiver'), oneVariable(transformTexts, (make, call) => appended(make, call, 1))],
  [macroKey('map', 3, 'receiver'), oneVariable(transformTexts, (make, call) => appended(make, call, 1))],
  [macroKey('filter', 2, 'receiver'), oneVariable(transformTexts, filter)],
]

/** After cel-go ext/comprehensions.go v0.26. */
export const twoVariableMacros: readonly (readonly [string, Expander])[] = [
  [macroKey('all', 3, 'receiver'), twoVariables(all)],
  [macroKey('exists', 3, 'receiver'), twoVariables(exists)],
  [macroKey('existsOne', 3, 'receiver'), twoVariables(existsOne)],
  [macroKey('exists_one', 3, 'receiver'), twoVariables(existsOne)],
  ...[3, 4].flatMap((count): [string, Expander][] => [
    [macroKey('transformList', count, 'receiver'), twoVariables((make, call) => appended(make, call, 2))],
    [macroKey('transformMap', count, 'receiver'), twoVariables(transformedMap)],
    [macroKey('transformMapEntry', count, 'receiver'), twoVariables(transformedEntries)],
  ]),
]

function has(call: MacroCall, factory: ExpressionFactory): Expansion {
  const [argument] = call.arguments as [Expression]
  if (argument.kind !== 'select') return macroError(argument, 'invalid argument to has() macro')
  return { expression: factory.presenceTest(call.offset, argument.operand, argument.field) }
}

function quantifierTexts(): string {
  return 'argument must be a simple name'
}

function transformTexts(): string {
  return 'argument is not an identifier'
}

function oneVariable(notAName: () => string, fold: FoldMaker): Expander {
  return (call, factory) => {
    const [variable] = call.arguments as [Expression]
    if (variable.kind !== 'identifier') return macroError(variable, notAName())
    if (isAccumulator(variable.name)) return overwrites(variable)
    return folded(call, factory, { variable: variable.name, secondVariable: undefined, fold })
  }
}

function twoVariables(fold: FoldMaker): Expander {
  return (call, factory) => {
    const [first, second] = call.arguments as [Expression, Expression]
    if (first.kind !== 'identifier') return macroError(first, 'argument must be a simple name')
    if (second.kind !== 'identifier') return macroError(second, 'argument must be a simple name')
    if (first.name === second.name) return macroError(second, `duplicate variable name: ${first.name}`)
    if (isAccumulator(first.name)) return overwrites(first)
    if (isAccumulator(second.name)) return overwrites(second)
    return folded(call, factory, { variable: first.name, secondVariable: second.name, fold })
  }
}

function isAccumulator(name: string): boolean {
  return name === accumulatorName || name === formerAccumulatorName
}

function overwrites(variable: Expression): Expansion {
  return macroError(variable, 'iteration variable overwrites accumulator variable')
}

function folded(
  call: MacroCall,
  factory: ExpressionFactory,
  { variable, secondVariable, fold }: { variable: string; secondVariable: string | undefined; fold: FoldMaker },
): Expansion {
  const parts = fold(new FoldFactory(factory, call.offset), call)
  const range = call.target!
  const comprehension = { range, variable, secondVariable, accumulator: accumulatorName, ...parts }
  return { expression: factory.comprehension(call.offset, comprehension) }
}

/** Makes nodes at the place of the macro's call. */
class FoldFactory {
  readonly #factory: ExpressionFactory
  readonly #offset: number

  constructor(factory: ExpressionFactory, offset: number) {
    this.#factory = factory
    this.#offset = offset
  }

  accumulator(): Expression {
    return this.identifier(accumulatorName)
  }

  identifier(name: string): Expression {
    return this.#factory.identifier(this.#offset, name)
  }

  literal(value: boolean | bigint): Expression {
    return this.#factory.literal(this.#offset, value)
  }

  list(...elements: readonly Expression[]): Expression {
    return this.#factory.list(this.#offset, elements)
  }

  emptyMap(): Expression {
    return this.#factory.map(this.#offset, [])
  }

  call(name: string, ...args: readonly Expression[]): Expression {
    return this.#factory.call(this.#offset, name, args)
  }
}

const predicateOf = (call: MacroCall) => call.arguments.at(-1)!

function all(make: FoldFactory, call: MacroCall): Fold {
  return {
    initial: make.literal(true),
    condition: make.call('@not_strictly_false', make.accumulator()),
    step: make.call('_&&_', make.accumulator(), predicateOf(call)),
    result: make.accumulator(),
  }
}

function exists(make: FoldFactory, call: MacroCall): Fold {
  return {
    initial: make.literal(false),
    condition: make.call('@not_strictly_false', make.call('!_', make.accumulator())),
    step: make.call('_||_', make.accumulator(), predicateOf(call)),
    result: make.accumulator(),
  }
}

function existsOne(make: FoldFactory, call: MacroCall): Fold {
  const counted = make.call('_+_', make.accumulator(), make.literal(1n))
  return {
    initial: make.literal(0n),
    condition: make.literal(true),
    step: make.call('_?_:_', predicateOf(call), counted, make.accumulator()),
    result: make.call('_==_', make.accumulator(), make.literal(1n)),
  }
}

function filter(make: FoldFactory, call: MacroCall): Fold {
  const [variable, predicate] = call.arguments as [Expression, Expression]
  const step = make.call('_+_', make.accumulator(), make.list(variable))
  return {
    initial: make.list(),
    condition: make.literal(true),
    step: make.call('_?_:_', predicate, step, make.accumulator()),
    result: make.accumulator(),
  }
}

/** map and transformList: `accumulator + [transform]`. */
function appended(make: FoldFactory, call: MacroCall, variables: number): Fold {
  const transform = make.call('_+_', make.accumulator(), make.list(call.arguments.at(-1)!))
  return { initial: make.list(), ...transformation(make, call, { variables, transform }) }
}

function transformedMap(make: FoldFactory, call: MacroCall): Fold {
  const [key] = call.arguments as [Expression]
  const name = key.kind === 'identifier' ? key.name : ''
  const transform = make.call('cel.@mapInsert', make.accumulator(), make.identifier(name), call.arguments.at(-1)!)
  return { initial: make.emptyMap(), ...transformation(make, call, { variables: 2, transform }) }
}

function transformedEntries(make: FoldFactory, call: MacroCall): Fold {
  const transform = make.call('cel.@mapInsert', make.accumulator(), call.arguments.at(-1)!)
  return { initial: make.emptyMap(), ...transformation(make, call, { variables: 2, transform }) }
}

/** Between the variables and the transform a filter may stand. */
function transformation(
  make: FoldFactory,
  call: MacroCall,
  { variables, transform }: { variables: number; transform: Expression },
): Omit<Fold, 'initial'> {
  const filterBy = call.arguments.length > variables + 1 ? call.arguments[variables] : undefined
  const step = filterBy === undefined ? transform : make.call('_?_:_', filterBy, transform, make.accumulator())
  return { condition: make.literal(true), step, result: make.accumulator() }
}
