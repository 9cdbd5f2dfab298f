import { estimateCost } from '../../../machinery/cel/cost-estimate.ts'
import { largestEstimate } from '../../../machinery/cel/estimate.ts'
import type { CelProgram } from '../../../machinery/cel/program.ts'
import type { FieldError } from '../../../machinery/errors.ts'
import { forbiddenField } from '../../../machinery/field-errors.ts'
import {
  type CompiledRule,
  compileRules,
  maxCardinality,
  selfTypeName,
} from '../../../machinery/structural-schema/compile-rules.ts'
import { declareType } from '../../../machinery/structural-schema/declared-type.ts'
import type { JsonSchema } from '../../../machinery/structural-schema/json-schema.ts'
import { additionalSchema, type StructuralSchema } from '../../../machinery/structural-schema/structural-schema.ts'

/** What one rule of a definition may cost at most, and all of one schema together. In CEL's units, for one object. */
const mostPerExpression = 10_000_000
const mostPerSchema = 100_000_000

/** How many of the most expensive rules are named, where they take at least a hundredth of what all may. */
const mostNamed = 4
const leastNamed = mostPerSchema / 100

/** What the rules of one schema may cost. After TotalCost of apiextensions cel_validation.go v1.36. */
export class RuleCosts {
  #total = 0
  readonly #expensive: { readonly path: string; readonly cost: number }[] = []

  add(path: string, cost: number): void {
    this.#total = Math.min(this.#total + cost, largestEstimate)
    if (cost >= leastNamed) this.#expensive.push({ path, cost })
  }

  /** `path`: of the schema. */
  errors(path: string): FieldError[] {
    if (this.#total <= mostPerSchema) return []
    const why = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'
    const expensive = this.#expensive.toSorted((one, other) => other.cost - one.cost).slice(0, mostNamed)
    const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema'
    return [
      ...expensive.map((rule) => forbiddenField(rule.path, why)),
      forbiddenField(path, costText(what, this.#total, mostPerSchema)),
    ]
  }
}

/** A cost over its limit, in upstream's words; `undefined` for one within. After getCostErrorMessage. */
export function expressionCostError(what: string, cost: number): string | undefined {
  return cost > mostPerExpression ? costText(what, cost, mostPerExpression) : undefined
}

function costText(what: string, cost: number, limit: number): string {
  const factor = cost / limit
  const times = factor > 100 ? 'more than 100' : factor.toFixed(factor < 1.5 ? 6 : 1)
  const advice =
    'try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared'
  return `${what} exceeds budget by factor of ${times}x (${advice})`
}

export interface CostedRule extends CompiledRule {
  /** At most, for all values of an object that the rule is run for; 0 for a rule that is wrong. */
  readonly cost: number
  readonly messageCost: number
}

interface Parts {
  readonly schema: StructuralSchema
  readonly isResourceRoot: boolean
  /** How many values of the schema one object can have, by the limits around; `undefined`: there are none. */
  readonly most: number | undefined
  readonly costs: RuleCosts
}

/** A place in a structural schema, where rules may stand. After CELSchemaContext of cel_validation.go v1.36. */
export class RuleContext {
  readonly #parts: Parts

  private constructor(parts: Parts) {
    this.#parts = parts
  }

  static root(schema: StructuralSchema): RuleContext {
    return new RuleContext({ schema, isResourceRoot: true, most: 1, costs: new RuleCosts() })
  }

  get costs(): RuleCosts {
    return this.#parts.costs
  }

  property(name: string, around: JsonSchema): RuleContext | undefined {
    return this.#below(this.#parts.schema.properties.get(name), around)
  }

  additional(around: JsonSchema): RuleContext | undefined {
    return this.#below(additionalSchema(this.#parts.schema), around)
  }

  items(around: JsonSchema): RuleContext | undefined {
    return this.#below(this.#parts.schema.items, around)
  }

  /** `undefined`: expressions may not see such values. */
  compile(): readonly CostedRule[] | undefined {
    const { schema, isResourceRoot, most } = this.#parts
    const declared = declareType(schema, { name: selfTypeName, isResourceRoot })
    if (!declared) return undefined
    const times = most ?? maxCardinality(declared)
    return compileRules(schema, declared).map((compiled) => ({
      ...compiled,
      cost: Math.min(costOf(compiled.program) * times, largestEstimate),
      messageCost: costOf(compiled.message),
    }))
  }

  #below(schema: StructuralSchema | undefined, around: JsonSchema): RuleContext | undefined {
    if (!schema) return undefined
    const { costs, most } = this.#parts
    const factor = mostElements(around)
    const product = most === undefined || factor === undefined ? undefined : Math.min(most * factor, largestEstimate)
    return new RuleContext({ schema, isResourceRoot: schema.embeddedResource, most: product, costs })
  }
}

function costOf(program: CelProgram | undefined): number {
  return program ? estimateCost(program).max : 0
}

/** How many values a schema's values can have below them in one place. After extractMaxElements. */
function mostElements({ type, additionalProperties, maxProperties, maxItems }: JsonSchema): number | undefined {
  const isMap = type === 'object' && additionalProperties !== undefined
  if (!isMap && type !== 'array') return 1
  const most = isMap ? maxProperties : maxItems
  return most === undefined ? undefined : Math.max(most, 0)
}
