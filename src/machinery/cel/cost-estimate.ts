/**
 * What an expression can cost at most, before any value is known: the limit that rules of custom resources are held
 * to. After cel-go checker/cost.go v0.26 and apiextensions-apiserver pkg/apiserver/schema/cel/compilation.go v1.36.
 */

import { type CallNode, estimateCall, type SizedNode } from './call-estimate.ts'
import type { CheckedExpression } from './checker.ts'
import { type Estimate, exactly, free, largestEstimate, plus, times, union, unknownSize } from './estimate.ts'
import type { Call, Comprehension, Expression, ListLiteral, MapLiteral, Select } from './expression.ts'
import { accumulatorName } from './library/macros.ts'
import type { CelProgram } from './program.ts'
import { listCreateBaseCost, mapCreateBaseCost, structCreateBaseCost } from './runtime-cost.ts'
import { codePointCount } from './size.ts'
import { type CelType, isOptional } from './types.ts'
import { Bytes } from './values.ts'

/** `root` is the type of `self`, whose `maxElements` bound what is below it; absent, all sizes are unknown. */
export function estimateCost(program: CelProgram, root = program.environment.variable('self')): Estimate {
  return new CostEstimator(program.checked, root).cost(program.checked.expression)
}

/** How large the keys and the values of a container are. */
interface EntrySizes {
  readonly container: 'list' | 'map'
  readonly key: Estimate
  readonly value: Estimate
}

interface Local {
  readonly path: readonly string[] | undefined
  readonly size: Estimate | undefined
  readonly entries: EntrySizes | undefined
}

class CostEstimator {
  readonly #checked: CheckedExpression
  readonly #root: CelType | undefined
  readonly #paths = new Map<number, readonly string[]>()
  readonly #sizes = new Map<number, Estimate>()
  readonly #entrySizes = new Map<number, EntrySizes>()
  readonly #locals = new Map<string, Local[]>()

  constructor(checked: CheckedExpression, root: CelType | undefined) {
    this.#checked = checked
    this.#root = root
  }

  cost(expression: Expression): Estimate {
    switch (expression.kind) {
      case 'identifier':
        return this.#identifier(expression.id, expression.name)
      case 'select':
        return this.#select(expression)
      case 'call':
        return this.#call(expression)
      case 'list':
        return this.#list(expression)
      case 'map':
        return this.#map(expression)
      case 'object':
        return plus(exactly(structCreateBaseCost), ...expression.fields.map(({ value }) => this.cost(value)))
      case 'comprehension':
        return isBinding(expression) ? this.#binding(expression) : this.#comprehension(expression)
      default:
        return free
    }
  }

  #identifier(id: number, name: string): Estimate {
    this.#setPath(id, this.#local(name)?.path ?? (this.#local(name) === undefined ? [name] : undefined))
    return exactly(1)
  }

  #select(expression: Select): Estimate {
    const reference = this.#checked.references.get(expression.id)
    if (reference?.kind === 'variable') return this.#identifier(expression.id, reference.name)
    const operand = this.cost(expression.operand)
    if (expression.testOnly) return operand
    const kind = this.#typeOf(expression.operand).kind
    this.#setPath(expression.id, [...(this.#pathOf(expression.operand) ?? []), expression.field])
    return kind === 'map' || kind === 'object' || kind === 'parameter' ? plus(operand, exactly(1)) : operand
  }

  #call(call: Call): Estimate {
    if (call.function === 'dyn') return this.#dyn(call)
    const reference = this.#checked.references.get(call.id)
    if (reference?.kind !== 'function') return free
    const costs = call.arguments.map((argument) => this.cost(argument))
    const nodes = call.arguments.map((argument) => this.#node(argument))
    const target = this.#checked.namespacedCalls.has(call.id) ? undefined : call.target
    const targetCost = target === undefined ? free : this.cost(target)
    const targetNode = target === undefined ? undefined : this.#node(target)
    let callCost: Estimate = { min: largestEstimate, max: 0 }
    let size: Estimate | undefined
    for (const { id: overload } of reference.overloads) {
      const node = { function: reference.function.name, overload, target: targetNode, arguments: nodes }
      const estimate = this.#overload(call, node, costs)
      callCost = union(callCost, estimate.cost)
      if (estimate.size !== undefined) size = size === undefined ? estimate.size : union(size, estimate.size)
      if (overload === 'index_list' || overload === 'index_map') size = this.#indexed(call, overload)
      size ??= this.#sizeOf(call)
    }
    if (size !== undefined) this.#sizes.set(call.id, size)
    return plus(targetCost, callCost)
  }

  #dyn(call: Call): Estimate {
    const [argument] = call.arguments as [Expression]
    const cost = this.cost(argument)
    this.#copySizes(call, argument)
    return plus(exactly(1), cost)
  }

  #indexed(call: Call, overload: string): Estimate | undefined {
    const [container] = call.arguments as [Expression]
    this.#setPath(call.id, [...(this.#pathOf(container) ?? []), overload === 'index_list' ? '@items' : '@values'])
    return this.#entrySizesOf(container)?.value
  }

  #overload(call: Call, node: CallNode, costs: readonly Estimate[]): { cost: Estimate; size?: Estimate | undefined } {
    const sizes = (expressions: readonly Expression[]) =>
      expressions.map((expression) => this.#entrySizesOf(expression))
    switch (node.overload) {
      case 'logical_and':
      case 'logical_or':
        return { cost: { min: costs[0]!.min, max: plus(costs[0]!, costs[1]!).max } }
      case 'conditional': {
        const [, whenTrue, whenFalse] = node.arguments as [SizedNode, SizedNode, SizedNode]
        this.#setEntrySizes(call, joined(sizes(call.arguments.slice(1))))
        return {
          cost: plus(costs[0]!, union(costs[1]!, costs[2]!)),
          size: union(whenTrue.size ?? unknownSize, whenFalse.size ?? unknownSize),
        }
      }
      case 'add_list':
      case 'add_string':
      case 'add_bytes':
        this.#setEntrySizes(call, joined(sizes(call.arguments)))
    }
    const estimate = estimateCall(node)
    return { cost: plus(estimate.cost, ...costs), size: estimate.size }
  }

  #list(expression: ListLiteral): Estimate {
    const costs = expression.elements.map((element) => this.cost(element))
    const value = this.#unionOfSizes(expression.elements)
    this.#entrySizes.set(expression.id, { container: 'list', key: exactly(1), value })
    return plus(exactly(listCreateBaseCost), ...costs)
  }

  #map(expression: MapLiteral): Estimate {
    const costs = expression.entries.flatMap((entry) => [this.cost(entry.key), this.cost(entry.value)])
    const key = this.#unionOfSizes(expression.entries.map((entry) => entry.key))
    const value = this.#unionOfSizes(expression.entries.map((entry) => entry.value))
    this.#entrySizes.set(expression.id, { container: 'map', key, value })
    return plus(exactly(mapCreateBaseCost), ...costs)
  }

  #unionOfSizes(expressions: readonly Expression[]): Estimate {
    const start: Estimate = { min: expressions.length === 0 ? 0 : largestEstimate, max: 0 }
    return expressions.reduce((all, expression) => union(all, this.#sizeOf(expression) ?? unknownSize), start)
  }

  #comprehension(expression: Comprehension): Estimate {
    const { range, initial, accumulator, variable, secondVariable } = expression
    const before = [this.cost(range), this.cost(initial)]
    this.#pushBinding(accumulator, initial)
    const loopVariables = this.#loopVariables(range, secondVariable !== undefined)
    this.#push(variable, loopVariables[0])
    if (secondVariable !== undefined) this.#push(secondVariable, loopVariables[1])
    const round = plus(this.cost(expression.condition), this.cost(expression.step))
    this.#pop(variable)
    if (secondVariable !== undefined) this.#pop(secondVariable)
    const result = this.cost(expression.result)
    this.#pop(accumulator)
    const rounds = this.#sizeOf(range) ?? unknownSize
    this.#setResultSizes(expression, rounds)
    return plus(...before, result, times(rounds, round))
  }

  #setResultSizes(expression: Comprehension, rounds: Estimate): void {
    const { initial, step } = expression
    if (initial.kind === 'literal') this.#sizes.set(expression.id, this.#sizeOf(initial) ?? unknownSize)
    if (initial.kind !== 'list' && initial.kind !== 'map') return
    this.#sizes.set(expression.id, rounds)
    this.#setEntrySizes(expression, this.#entrySizesOf(step))
  }

  /** Key and value, or index and element; for one variable the element of a list or the key of a map. */
  #loopVariables(range: Expression, both: boolean): [Local, Local] {
    const entries = this.#entrySizesOf(range)
    const isList = (entries?.container ?? this.#typeOf(range).kind) === 'list'
    const path = this.#pathOf(range) ?? []
    const local = (size: Estimate | undefined, step: string) => ({ path: [...path, step], size, entries: undefined })
    const value = local(entries?.value, isList ? '@items' : '@values')
    if (isList && !both) return [value, value]
    return [local(entries?.key, isList ? '@indices' : '@keys'), value]
  }

  #binding(expression: Comprehension): Estimate {
    const before = [this.cost(expression.range), this.cost(expression.initial)]
    this.#pushBinding(expression.accumulator, expression.initial)
    const result = this.cost(expression.result)
    this.#pop(expression.accumulator)
    this.#copySizes(expression, expression.result)
    return plus(...before, result)
  }

  #pushBinding(name: string, value: Expression): void {
    const entries = this.#entrySizesOf(value)
    this.#push(name, { path: this.#pathOf(value), size: this.#sizeOf(value), entries })
  }

  #push(name: string, local: Local): void {
    this.#locals.set(name, [...(this.#locals.get(name) ?? []), local])
  }

  #pop(name: string): void {
    this.#locals.get(name)?.pop()
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1)
  }

  #typeOf(expression: Expression): CelType {
    return this.#checked.types.get(expression.id)!
  }

  #setPath(id: number, path: readonly string[] | undefined): void {
    if (path !== undefined) this.#paths.set(id, path)
  }

  #pathOf(expression: Expression): readonly string[] | undefined {
    const local = expression.kind === 'identifier' ? this.#local(expression.name) : undefined
    return local === undefined ? this.#paths.get(expression.id) : local.path
  }

  #node(expression: Expression): SizedNode {
    const path = this.#pathOf(expression)
    const size = this.#sizeOf(expression)
    const visible = path?.[0] === accumulatorName ? undefined : path
    const type = this.#typeOf(expression)
    return { expression, type, size, elementSize: () => this.#sizeAt([...(visible ?? []), '@items'], visible) }
  }

  #setEntrySizes(expression: Expression, sizes: EntrySizes | undefined): void {
    if (sizes !== undefined) this.#entrySizes.set(expression.id, sizes)
  }

  #copySizes(to: Expression, from: Expression): void {
    const size = this.#sizeOf(from)
    if (size !== undefined) this.#sizes.set(to.id, size)
    this.#setEntrySizes(to, this.#entrySizesOf(from))
  }

  #entrySizesOf(expression: Expression): EntrySizes | undefined {
    const known = this.#entrySizes.get(expression.id)
    return known ?? (expression.kind === 'identifier' ? this.#local(expression.name)?.entries : undefined)
  }

  #sizeOf(expression: Expression): Estimate | undefined {
    const known = this.#sizes.get(expression.id) ?? literalSize(expression)
    if (known !== undefined) return known
    const path = this.#pathOf(expression)
    const declared = this.#sizeAt(path ?? [], path)
    if (declared !== undefined) {
      this.#sizes.set(expression.id, declared)
      return declared
    }
    if (isScalar(this.#typeOf(expression))) return exactly(1)
    return expression.kind === 'identifier' ? this.#local(expression.name)?.size : undefined
  }

  /** What the declared types allow. The first part of a path is the variable, which stands for the root. */
  #sizeAt(path: readonly string[], from: readonly string[] | undefined): Estimate | undefined {
    if (from === undefined || path.length === 0 || this.#root === undefined) return undefined
    let type: CelType | undefined = this.#root
    for (const step of path.slice(1)) {
      type =
        step === '@keys' ? keyType(type) : step.startsWith('@') ? elementType(type, step) : type.field?.(step)?.type
      if (type === undefined) return undefined
    }
    return { min: 0, max: type.maxElements ?? (hasSize(type) ? largestEstimate : 0) }
  }
}

function keyType(type: CelType): CelType | undefined {
  return type.kind === 'map' ? type.parameters[0] : undefined
}

function elementType(type: CelType, step: string): CelType | undefined {
  if (step === '@indices') return undefined
  return type.kind === 'list' ? type.parameters[0] : type.kind === 'map' ? type.parameters[1] : undefined
}

function hasSize(type: CelType): boolean {
  return ['string', 'bytes', 'list', 'map', 'dyn'].includes(type.kind)
}

function joined([left, right]: readonly (EntrySizes | undefined)[]): EntrySizes | undefined {
  if (left === undefined || right === undefined) return undefined
  return { container: left.container, key: union(left.key, right.key), value: union(left.value, right.value) }
}

/** A fold that only names a value, as sortBy and optMap make it. */
function isBinding({ range, condition }: Comprehension): boolean {
  return (
    range.kind === 'list' && range.elements.length === 0 && condition.kind === 'literal' && condition.value === false
  )
}

function literalSize(expression: Expression): Estimate | undefined {
  switch (expression.kind) {
    case 'list':
      return exactly(expression.elements.length)
    case 'map':
      return exactly(expression.entries.length)
    case 'literal':
      if (typeof expression.value === 'string') return exactly(codePointCount(expression.value))
      return exactly(expression.value instanceof Bytes ? expression.value.bytes.length : 1)
    default:
      return undefined
  }
}

function isScalar(type: CelType): boolean {
  if (isOptional(type)) return isScalar(type.parameters[0]!)
  return ['bool', 'double', 'duration', 'int', 'timestamp', 'uint'].includes(type.kind)
}
