/** Types every expression and resolves names and overloads. After cel-go checker/checker.go v0.26. */

import type { FunctionDeclaration, Overload } from './declarations.ts'
import type { Call, Comprehension, Expression, ListLiteral, MapLiteral, ObjectLiteral, Select } from './expression.ts'
import type { CompileError } from './source.ts'
import { mostGeneral, Substitutions } from './type-unification.ts'
import {
  boolType,
  bytesType,
  type CelType,
  doubleType,
  dynType,
  errorType,
  formatType,
  intType,
  isDyn,
  isExactType,
  isOptional,
  listType,
  mapType,
  nullType,
  optionalType,
  parameterType,
  stringType,
  uintType,
} from './types.ts'
import { Bytes } from './values.ts'

/** What the checker looks names up in. */
export interface Scope {
  variable(name: string): CelType | undefined
  /** Of a type that expressions may name, such as `int`: the type itself. */
  type(name: string): CelType | undefined
  function(name: string): FunctionDeclaration | undefined
}

/** What an identifier, select or call turned out to be. */
export type Reference =
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'type'; readonly type: CelType }
  | { readonly kind: 'function'; readonly function: FunctionDeclaration; readonly overloads: readonly Overload[] }

/** Facts about an expression, by the ids of its nodes. */
export interface CheckedExpression {
  readonly expression: Expression
  readonly types: ReadonlyMap<number, CelType>
  readonly references: ReadonlyMap<number, Reference>
  /** Calls written `a.b.c()` where `a.b.c` is the function's name and `a.b` no value. */
  readonly namespacedCalls: ReadonlySet<number>
}

export type CheckResult = CheckedExpression | { errors: readonly CompileError[] }

export function check(expression: Expression, scope: Scope): CheckResult {
  const checker = new Checker(scope)
  checker.check(expression)
  if (checker.errors.length > 0) return { errors: checker.errors }
  const { substitutions, references, namespacedCalls } = checker
  const types = new Map([...checker.types].map(([id, type]) => [id, substitutions.substitute(type, true)]))
  return { expression, types, references, namespacedCalls }
}

class Checker {
  readonly errors: CompileError[] = []
  readonly types = new Map<number, CelType>()
  readonly references = new Map<number, Reference>()
  readonly namespacedCalls = new Set<number>()
  readonly substitutions = new Substitutions()
  readonly #scope: Scope
  /** Variables of the comprehensions around, the innermost last. */
  readonly #locals: Map<string, CelType>[] = []
  #freeVariables = 0

  constructor(scope: Scope) {
    this.#scope = scope
  }

  /** The type of the expression, which is also recorded. */
  check(expression: Expression): CelType {
    const type = this.#typeOf(expression)
    this.types.set(expression.id, type)
    return type
  }

  #typeOf(expression: Expression): CelType {
    switch (expression.kind) {
      case 'literal':
        return literalType(expression.value)
      case 'identifier':
        return this.#identifier(expression)
      case 'select':
        return this.#select(expression)
      case 'call':
        return this.#call(expression)
      case 'list':
        return this.#list(expression)
      case 'map':
        return this.#map(expression)
      case 'object':
        return this.#object(expression)
      case 'comprehension':
        return this.#comprehension(expression)
      case 'unspecified':
        return errorType
    }
  }

  #error(at: { offset: number }, message: string): void {
    this.errors.push({ offset: at.offset, message })
  }

  #undeclared(at: { offset: number }, name: string): CelType {
    this.#error(at, `undeclared reference to '${name}' (in container '')`)
    return errorType
  }

  #mismatch(at: { offset: number }, expected: CelType, found: CelType): void {
    this.#error(at, `expected type '${formatType(expected)}' but found '${formatType(found)}'`)
  }

  #freeVariable(): CelType {
    return parameterType(`_var${this.#freeVariables++}`)
  }

  #identifier(expression: { id: number; offset: number; name: string }): CelType {
    return this.#resolve(expression.id, expression.name) ?? this.#undeclared(expression, expression.name)
  }

  /** The type of a variable or type of that name; a leading dot passes the comprehensions around by. */
  #resolve(id: number, name: string): CelType | undefined {
    const global = name.startsWith('.')
    const plain = global ? name.slice(1) : name
    const local = global ? undefined : this.#locals.findLast((scope) => scope.has(plain))?.get(plain)
    const variable = local ?? this.#scope.variable(plain)
    if (variable !== undefined) {
      this.references.set(id, { kind: 'variable', name: plain })
      return variable
    }
    const type = this.#scope.type(plain)
    if (type === undefined) return undefined
    this.references.set(id, { kind: 'type', type })
    return { kind: 'type', name: 'type', parameters: [type] }
  }

  #select(expression: Select): CelType {
    const name = expression.testOnly ? undefined : qualifiedName(expression)
    const resolved = name === undefined ? undefined : this.#resolve(expression.id, name)
    if (resolved !== undefined) return resolved
    const type = this.#field(expression, expression.operand, { field: expression.field, optional: false })
    return expression.testOnly ? boolType : this.substitutions.substitute(type, false)
  }

  #field(at: Expression, operand: Expression, selection: { field: string; optional: boolean }): CelType {
    const operandType = this.substitutions.substitute(this.check(operand), false)
    const target = unwrapOptional(operandType)
    const result = this.#fieldType(at, target, selection.field)
    return isOptional(operandType) || selection.optional ? optionalType(result) : result
  }

  #fieldType(at: Expression, target: CelType, field: string): CelType {
    switch (target.kind) {
      case 'map':
        return target.parameters[1]!
      case 'object': {
        const declared = target.field?.(field)
        if (target.field === undefined) this.#error(at, `unexpected failed resolution of '${target.name}'`)
        else if (declared === undefined) this.#error(at, `undefined field '${field}'`)
        return declared?.type ?? errorType
      }
      case 'parameter':
        this.substitutions.isAssignable(dynType, target)
        return dynType
      default:
        if (!isDyn(target) && target.kind !== 'error')
          this.#error(at, `type '${formatType(target)}' does not support field selection`)
        return dynType
    }
  }

  #call(expression: Call): CelType {
    if (expression.function === '_?._') return this.#optionalSelect(expression)
    const argumentTypes = expression.arguments.map((argument) => this.check(argument))
    const target = expression.target
    if (target === undefined) {
      const name = expression.function.startsWith('.') ? expression.function.slice(1) : expression.function
      const declared = this.#scope.function(name)
      if (declared === undefined) return this.#undeclared(expression, expression.function)
      return this.#overload(expression, { declared, argumentTypes, member: false })
    }
    const prefix = qualifiedName(target)
    const namespaced = prefix === undefined ? undefined : this.#scope.function(`${prefix}.${expression.function}`)
    if (namespaced !== undefined) {
      this.namespacedCalls.add(expression.id)
      return this.#overload(expression, { declared: namespaced, argumentTypes, member: false })
    }
    const targetType = this.check(target)
    const declared = this.#scope.function(expression.function)
    if (declared === undefined) return this.#undeclared(expression, expression.function)
    return this.#overload(expression, { declared, argumentTypes: [targetType, ...argumentTypes], member: true })
  }

  #optionalSelect(expression: Call): CelType {
    const [operand, field] = expression.arguments as [Expression, Expression]
    const name = field.kind === 'literal' ? String(field.value) : ''
    const type = this.#field(expression, operand, { field: name, optional: true })
    const declared = this.#scope.function('_?._')!
    this.references.set(expression.id, { kind: 'function', function: declared, overloads: declared.overloads })
    return this.substitutions.substitute(type, false)
  }

  #overload(
    call: Call,
    { declared, argumentTypes, member }: { declared: FunctionDeclaration; argumentTypes: CelType[]; member: boolean },
  ): CelType {
    if (declared.name === '_&&_' || declared.name === '_||_') return this.#logical(call, declared, argumentTypes)
    const matching: Overload[] = []
    let result: CelType | undefined
    for (const overload of declared.overloads) {
      if (overload.member !== member) continue
      const signature = this.#instantiate(overload)
      if (!this.substitutions.areAssignable(argumentTypes, signature.arguments)) continue
      matching.push(overload)
      const type = this.substitutions.substitute(signature.result, false)
      if (result === undefined) result = type
      else if (!isDyn(result) && !isExactType(type, result)) result = dynType
    }
    if (result === undefined) {
      const types = argumentTypes.map((type) => this.substitutions.substitute(type, true))
      this.#error(
        call,
        `found no matching overload for '${declared.name}' applied to '${signatureText(types, member)}'`,
      )
      return errorType
    }
    this.references.set(call.id, { kind: 'function', function: declared, overloads: matching })
    return result
  }

  #logical(call: Call, declared: FunctionDeclaration, argumentTypes: readonly CelType[]): CelType {
    const wrong = argumentTypes.map((type) => !this.substitutions.isAssignable(type, boolType))
    argumentTypes.forEach((type, index) => {
      if (wrong[index]) this.#mismatch(call.arguments[index]!, boolType, type)
    })
    if (wrong.includes(true)) return errorType
    this.references.set(call.id, { kind: 'function', function: declared, overloads: declared.overloads })
    return boolType
  }

  /** The signature with its free variables replaced by new ones. */
  #instantiate(overload: Overload): { arguments: readonly CelType[]; result: CelType } {
    const names = new Set([...overload.arguments, overload.result].flatMap(parameterNames))
    if (names.size === 0) return overload
    const fresh = new Substitutions()
    for (const name of names) fresh.add(parameterType(name), this.#freeVariable())
    return {
      arguments: overload.arguments.map((type) => fresh.substitute(type, false)),
      result: fresh.substitute(overload.result, false),
    }
  }

  #list(expression: ListLiteral): CelType {
    let elementType: CelType | undefined
    expression.elements.forEach((element, index) => {
      const type = this.#entryType(element, expression.optionals.has(index))
      elementType = this.#join(elementType, type)
    })
    return listType(elementType ?? this.#freeVariable())
  }

  #map(expression: MapLiteral): CelType {
    let keyType: CelType | undefined
    let valueType: CelType | undefined
    for (const { key, value, optional } of expression.entries) {
      keyType = this.#join(keyType, this.check(key))
      valueType = this.#join(valueType, this.#entryType(value, optional))
    }
    return mapType(keyType ?? this.#freeVariable(), valueType ?? this.#freeVariable())
  }

  /** Of an element or value; of one written with `?` what its optional holds. */
  #entryType(value: Expression, optional: boolean): CelType {
    const type = this.check(value)
    if (!optional || isDyn(type)) return type
    if (!isOptional(type)) this.#mismatch(value, optionalType(type), type)
    return unwrapOptional(type)
  }

  #join(previous: CelType | undefined, current: CelType): CelType {
    if (previous === undefined) return current
    // Which literals may not be mixed is a matter of validators.ts: those of `format` may.
    return this.substitutions.isAssignable(previous, current) ? mostGeneral(previous, current) : dynType
  }

  #object(expression: ObjectLiteral): CelType {
    const type = this.#resolve(expression.id, expression.typeName)
    if (type === undefined) return this.#undeclared(expression, expression.typeName)
    const constructed = type.kind === 'type' ? type.parameters[0]! : errorType
    if (type.kind !== 'type') this.#error(expression, `'${type.name}' is not a type`)
    else if (constructed.kind !== 'object') this.#error(expression, `'${constructed.name}' is not a message type`)
    for (const field of expression.fields) {
      const valueType = this.#entryType(field.value, field.optional)
      const declared = constructed.field?.(field.name)?.type
      if (declared === undefined && constructed.kind === 'object') this.#error(field, `undefined field '${field.name}'`)
      if (this.substitutions.isAssignable(declared ?? errorType, valueType)) continue
      const [expected, found] = [formatType(declared!), formatType(valueType)]
      this.#error(field, `expected type of field '${field.name}' is '${expected}' but provided type is '${found}'`)
    }
    return constructed.kind === 'object' ? constructed : errorType
  }

  #comprehension(expression: Comprehension): CelType {
    const rangeType = this.substitutions.substitute(this.check(expression.range), false)
    const accumulatorType = this.check(expression.initial)
    this.#locals.push(new Map([[expression.accumulator, accumulatorType]]))
    this.#locals.push(this.#loopVariables(expression, rangeType))
    this.#assertType(expression.condition, this.check(expression.condition), boolType)
    this.#assertType(expression.step, this.check(expression.step), accumulatorType)
    this.#locals.pop()
    const result = this.check(expression.result)
    this.#locals.pop()
    return this.substitutions.substitute(result, false)
  }

  #loopVariables(expression: Comprehension, rangeType: CelType): Map<string, CelType> {
    const { variable, secondVariable } = expression
    const [first, second] = this.#elementTypes(expression.range, rangeType)
    if (secondVariable === undefined) {
      return new Map([[variable, rangeType.kind === 'list' ? second : first]])
    }
    return new Map([
      [variable, first],
      [secondVariable, second],
    ])
  }

  /** Index and element of a list, key and value of a map. */
  #elementTypes(range: Expression, rangeType: CelType): [CelType, CelType] {
    switch (rangeType.kind) {
      case 'list':
        return [intType, rangeType.parameters[0]!]
      case 'map':
        return [rangeType.parameters[0]!, rangeType.parameters[1]!]
      case 'dyn':
      case 'error':
      case 'parameter':
        this.substitutions.isAssignable(dynType, rangeType)
        return [dynType, dynType]
      default: {
        const type = formatType(rangeType)
        const rule = '(must be list, map, or dynamic)'
        this.#error(range, `expression of type '${type}' cannot be range of a comprehension ${rule}`)
        return [errorType, errorType]
      }
    }
  }

  #assertType(at: Expression, found: CelType, expected: CelType): void {
    if (!this.substitutions.isAssignable(expected, found)) this.#mismatch(at, expected, found)
  }
}

/** `a.b.c` of nested selects. */
export function qualifiedName(expression: Expression): string | undefined {
  if (expression.kind === 'identifier') return expression.name
  if (expression.kind !== 'select' || expression.testOnly) return undefined
  const prefix = qualifiedName(expression.operand)
  return prefix === undefined ? undefined : `${prefix}.${expression.field}`
}

function unwrapOptional(type: CelType): CelType {
  return isOptional(type) ? type.parameters[0]! : type
}

function parameterNames(type: CelType): string[] {
  return type.kind === 'parameter' ? [type.name] : type.parameters.flatMap(parameterNames)
}

/** `(int, string)`, or `string.(int)` of a member. */
function signatureText(types: readonly CelType[], member: boolean): string {
  const texts = types.map(formatType)
  return member ? `${texts[0]}.(${texts.slice(1).join(', ')})` : `(${texts.join(', ')})`
}

function literalType(value: unknown): CelType {
  if (value === null) return nullType
  switch (typeof value) {
    case 'boolean':
      return boolType
    case 'bigint':
      return intType
    case 'number':
      return doubleType
    case 'string':
      return stringType
    default:
      return value instanceof Bytes ? bytesType : uintType
  }
}
