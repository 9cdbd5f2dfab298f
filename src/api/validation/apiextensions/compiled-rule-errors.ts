import type { FieldError } from '../../../machinery/errors.ts'
import { forbiddenField, internalField, invalidField } from '../../../machinery/field-errors.ts'
import type { JsonSchema, ValidationRule } from '../../../machinery/structural-schema/json-schema.ts'
import { goRule } from './go-form.ts'
import { type CostedRule, expressionCostError, type RuleContext } from './rule-context.ts'

export interface CompiledRulesOptions {
  /** Of the schema. */
  readonly path: string
  readonly context: RuleContext
  /** The part of the schema around that hides which old value belongs to which new one. */
  readonly uncorrelatable: string | undefined
  /** The schema was like this before: its rules may cost what they cost. */
  readonly allowAnyCost: boolean
}

/** What the rules of a schema mean, rather than how they are written. After validation.go v1.36. */
export function compiledRuleErrors(schema: JsonSchema, options: CompiledRulesOptions): FieldError[] {
  const rules = schema['x-kubernetes-validations'] ?? []
  if (rules.length === 0) return []
  const path = `${options.path}.x-kubernetes-validations`
  const compiled = options.context.compile()
  if (!compiled) {
    const why = 'unable to convert structural schema to CEL declarations'
    const what = 'internal error: failed to construct type information for x-kubernetes-validations rules'
    return [internalField(path, `${what}: ${why}`)]
  }
  return compiled.flatMap((one, index) => {
    const place = `${path}[${index}]`
    return [
      ...ruleErrors(one, place, options),
      ...messageErrors(one, place, options),
      ...oldSelfErrors(one, place, options),
    ]
  })
}

function ruleErrors({ rule, error, cost }: CostedRule, place: string, options: CompiledRulesOptions): FieldError[] {
  const path = `${place}.rule`
  options.context.costs.add(path, cost)
  const errors = costErrors('estimated rule cost', cost, path, options)
  return error === undefined ? errors : [...errors, invalidField(path, goRule(rule), error)]
}

function messageErrors(compiled: CostedRule, place: string, options: CompiledRulesOptions): FieldError[] {
  const { rule, message, messageError, messageCost } = compiled
  const path = `${place}.messageExpression`
  if (messageError !== undefined) return [invalidField(path, goRule(rule), messageError)]
  if (!message) return []
  options.context.costs.add(path, messageCost)
  return costErrors('estimated messageExpression cost', messageCost, path, options)
}

function costErrors(what: string, cost: number, path: string, { allowAnyCost }: CompiledRulesOptions): FieldError[] {
  const error = allowAnyCost ? undefined : expressionCostError(what, cost)
  return error === undefined ? [] : [forbiddenField(path, error)]
}

function oldSelfErrors(
  { rule, usesOldSelf }: CostedRule,
  place: string,
  { uncorrelatable }: CompiledRulesOptions,
): FieldError[] {
  if (!usesOldSelf) return optionalErrors(rule, place)
  if (uncorrelatable === undefined) return []
  const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`
  return [invalidField(`${place}.rule`, rule.rule, why)]
}

function optionalErrors({ optionalOldSelf }: ValidationRule, place: string): FieldError[] {
  if (optionalOldSelf === undefined) return []
  const why = 'may not be set if oldSelf is not used in rule'
  return [invalidField(`${place}.optionalOldSelf`, optionalOldSelf, why)]
}
