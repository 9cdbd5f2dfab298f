/** From a checked expression to steps that can run. After cel-go interpreter/planner.go v0.26. */

import { type Attribute, ConditionalAttribute, OperandAttribute, VariableAttribute } from './attributes.ts'
import { callStep, constantStep, equalityStep, logicalStep, membershipStep, optionalOrStep } from './call-steps.ts'
import type { CheckedExpression } from './checker.ts'
import { ConstructedObject } from './constructed-object.ts'
import { AttributeStep, listStep, mapStep, objectStep } from './data-steps.ts'
import type { FunctionDeclaration } from './declarations.ts'
import { CostTracker, type Step } from './evaluation.ts'
import type { Call, Comprehension, Expression, ListLiteral, MapLiteral, ObjectLiteral, Select } from './expression.ts'
import { foldStep } from './fold-step.ts'
import { compilePattern } from './regular-expression.ts'
import { CelList, Failure, TypeValue } from './values.ts'

/** A constant part of the expression has no value, so the expression can never run. */
export class PlanError extends Error {}

/** Throws PlanError. */
export function plan(checked: CheckedExpression): Step {
  return new Planner(checked).plan(checked.expression)
}

const conversions = new Set('bool bytes double duration dyn int string timestamp type uint'.split(' '))

/** Functions whose second argument is a pattern that is compiled ahead of time. */
const patternFunctions = new Set(['matches', 'find', 'findAll'])

class Planner {
  readonly #checked: CheckedExpression

  constructor(checked: CheckedExpression) {
    this.#checked = checked
  }

  plan(expression: Expression): Step {
    switch (expression.kind) {
      case 'literal':
        return constantStep(expression.value)
      case 'identifier':
        return this.#reference(expression.id)!
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
        throw new PlanError(`unsupported expr: ${expression.kind}`)
    }
  }

  #reference(id: number): Step | undefined {
    const reference = this.#checked.references.get(id)
    if (reference?.kind === 'variable') return new AttributeStep(new VariableAttribute(reference.name))
    return reference?.kind === 'type' ? constantStep(new TypeValue(reference.type)) : undefined
  }

  #select(expression: Select): Step {
    const reference = this.#reference(expression.id)
    if (reference !== undefined) return reference
    const attribute = this.#asAttribute(this.plan(expression.operand))
    const { field, testOnly } = expression
    attribute.addQualifier({ key: () => field, optional: false, testOnly })
    return testOnly ? attribute.asPresenceTest() : attribute
  }

  /** The step itself where it can take selections, or one that begins with its result. */
  #asAttribute(step: Step): AttributeStep {
    return step instanceof AttributeStep ? step : new AttributeStep(new OperandAttribute(step))
  }

  #call(call: Call): Step {
    const target = this.#checked.namespacedCalls.has(call.id) ? undefined : call.target
    const steps = [...(target === undefined ? [] : [target]), ...call.arguments].map((argument) => this.plan(argument))
    const name = this.#declaration(call).name
    switch (name) {
      case '_&&_':
        return logicalStep(steps, { decisive: false })
      case '_||_':
        return logicalStep(steps, { decisive: true })
      case '_?_:_':
        return this.#conditional(steps as [Step, Step, Step])
      case '_==_':
      case '_!=_':
        return equalityStep(name, steps as [Step, Step])
      case '_[_]':
        return this.#index(steps as [Step, Step], false)
      case '_[?_]':
      case '_?._':
        return this.#index(steps as [Step, Step], true)
      default:
        return this.#functionCall(call, steps)
    }
  }

  #declaration(call: Call): FunctionDeclaration {
    const reference = this.#checked.references.get(call.id)
    if (reference?.kind !== 'function') throw new PlanError(`no such overload: ${call.function}`)
    return reference.function
  }

  #conditional([condition, whenTrue, whenFalse]: [Step, Step, Step]): Step {
    const branch = (step: Step): Attribute =>
      step instanceof AttributeStep ? step.attribute : new OperandAttribute(step)
    const branches = { condition, whenTrue: branch(whenTrue), whenFalse: branch(whenFalse) }
    return new AttributeStep(new ConditionalAttribute(branches))
  }

  #index([operand, index]: [Step, Step], optional: boolean): Step {
    const attribute = this.#asAttribute(operand)
    const { constant } = index
    // What leads to the index is an attribute of its own, whose beginning is paid for by this link.
    const source = index instanceof AttributeStep ? index.attribute : undefined
    const key =
      constant !== undefined
        ? () => constant
        : source !== undefined
          ? source.resolve.bind(source)
          : index.evaluate.bind(index)
    attribute.addQualifier({ key, optional, testOnly: false })
    return attribute
  }

  #functionCall(call: Call, steps: readonly Step[]): Step {
    const reference = this.#checked.references.get(call.id)
    if (reference?.kind !== 'function') throw new PlanError(`no such overload: ${call.function}`)
    const { function: declared, overloads } = reference
    const only = overloads.length === 1 ? overloads[0] : undefined
    const or = optionalOrStep(only?.id, steps)
    if (or !== undefined) return or
    const step = callStep({ declared, overload: only, arguments: steps })
    if (conversions.has(declared.name) && steps.length === 1 && steps[0]!.constant !== undefined) return folded(step)
    if (only?.id === 'in_list' && steps[1]!.constant instanceof CelList) {
      return membershipStep(steps[0]!, steps[1]!.constant) ?? step
    }
    if (patternFunctions.has(declared.name)) requirePattern(steps[1]?.constant)
    return step
  }

  #list(expression: ListLiteral): Step {
    const elements = expression.elements.map((element, index) => ({
      value: this.plan(element),
      optional: expression.optionals.has(index),
    }))
    const step = listStep(elements)
    return elements.every(({ value }) => value.constant !== undefined) ? folded(step) : step
  }

  #map(expression: MapLiteral): Step {
    const entries = expression.entries.map(({ key, value, optional }) => ({
      key: this.plan(key),
      value: this.plan(value),
      optional,
    }))
    const step = mapStep(entries)
    const constant = entries.every(({ key, value }) => key.constant !== undefined && value.constant !== undefined)
    return constant ? folded(step) : step
  }

  #object(expression: ObjectLiteral): Step {
    const reference = this.#checked.references.get(expression.id)
    if (reference?.kind !== 'type') throw new PlanError(`unknown type: ${expression.typeName}`)
    const { type } = reference
    const fields = expression.fields.map(({ name, value, optional }) => ({ name, value: this.plan(value), optional }))
    return objectStep(fields, (values) => new ConstructedObject(type, values))
  }

  #comprehension(expression: Comprehension): Step {
    return foldStep({
      variable: expression.variable,
      secondVariable: expression.secondVariable,
      accumulator: expression.accumulator,
      initial: this.plan(expression.initial),
      range: this.plan(expression.range),
      condition: this.plan(expression.condition),
      step: this.plan(expression.step),
      result: this.plan(expression.result),
    })
  }
}

/** The step's value computed now. */
function folded(step: Step): Step {
  const value = step.evaluate({ tracker: new CostTracker(), resolve: () => undefined })
  if (value instanceof Failure) throw new PlanError(value.message)
  return constantStep(value)
}

function requirePattern(pattern: unknown): void {
  if (typeof pattern !== 'string') return
  const compiled = compilePattern(pattern)
  if (compiled instanceof Failure) throw new PlanError(compiled.message)
}
