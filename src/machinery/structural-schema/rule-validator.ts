import { CelRuntimeError, CostLimitExceededError } from '../cel/evaluation.ts'
import { fromJson } from '../cel/json-values.ts'
import { Optional } from '../cel/values.ts'
import type { FieldError } from '../errors.ts'
import { duplicateField, forbiddenField, invalidField, requiredField } from '../field-errors.ts'
import { type CompiledRule, compileRules, selfTypeName } from './compile-rules.ts'
import { Correlation, itemKey } from './correlation.ts'
import { type DeclaredType, declareType } from './declared-type.ts'
import type { ValidationRule } from './json-schema.ts'
import { additionalSchema, type StructuralSchema } from './structural-schema.ts'
import { isJsonObject, type JsonObject } from './values.ts'

/** What one rule may cost. After apiserver pkg/apis/cel config.go v1.36. */
const costLimitPerRule = 1_000_000
/** What all rules of an object may cost together. */
const costBudget = 10_000_000
const maxMessageBytes = 5 * 1024

export interface RuleOptions {
  /** The value that is replaced; absent: the value is new. Rules about changes are run only where there is one. */
  readonly old?: { readonly value: unknown }
  readonly path?: string
  /** Failures of values that did not change are said to the client, and let pass. */
  readonly warn?: (text: string) => void
}

/** The compiled rules of a schema and all schemas below that have some. */
export class RuleValidator {
  readonly #schema: StructuralSchema
  readonly #declared: DeclaredType
  readonly #rules: readonly CompiledRule[]
  readonly #properties = new Map<string, RuleValidator>()
  readonly #additional: RuleValidator | undefined
  readonly #items: RuleValidator | undefined

  private constructor(schema: StructuralSchema, declared: DeclaredType) {
    this.#schema = schema
    this.#declared = declared
    this.#rules = compileRules(schema, declared)
    const additional = additionalSchema(schema)
    this.#items = schema.items && RuleValidator.#below(schema.items)
    this.#additional = additional && RuleValidator.#below(additional)
    for (const [name, property] of schema.properties) {
      const validator = RuleValidator.#below(property)
      if (validator !== undefined) this.#properties.set(name, validator)
    }
  }

  /** `undefined` when the schema has no rules that values can be held against. */
  static of(schema: StructuralSchema, isResourceRoot: boolean): RuleValidator | undefined {
    if (!hasRules(schema)) return undefined
    const declared = declareType(schema, { name: selfTypeName, isResourceRoot })
    return declared && new RuleValidator(schema, declared)
  }

  static #below(schema: StructuralSchema): RuleValidator | undefined {
    return RuleValidator.of(schema, schema.embeddedResource)
  }

  /** What the rules say of a value that its schema accepts. After Validate of schema/cel validation.go v1.36. */
  validate(value: unknown, { old, path = '', warn }: RuleOptions = {}): FieldError[] {
    const run: Run = { errors: [], budget: costBudget, isOver: false, warn }
    const here = warn && old ? new Correlation(value, old.value, this.#schema) : undefined
    this.#validate(value, old?.value, { run, path, ratchet: { here, above: undefined } })
    return run.errors
  }

  #validate(value: unknown, old: unknown, place: Place): void {
    if (value === null || place.run.isOver) return
    this.#runRules(value, old ?? undefined, place)
    if (Array.isArray(value)) this.#validateItems(value, old, place)
    else if (isJsonObject(value)) this.#validateMembers(value, old, place)
  }

  #validateItems(list: readonly unknown[], old: unknown, { run, path, ratchet }: Place): void {
    if (this.#items === undefined) return
    const oldItems = oldItemsByKey(old, this.#schema)
    for (const [index, item] of list.entries()) {
      const key = itemKey(item, this.#schema.listMapKeys)
      const oldItem = key === undefined ? undefined : oldItems.get(key)
      const below = ratchet.here && { here: ratchet.here.item(index), above: ratchet.here }
      this.#items.#validate(item, oldItem, { run, path: `${path}[${index}]`, ratchet: below ?? ratchet })
    }
  }

  #validateMembers(object: JsonObject, old: unknown, { run, path, ratchet }: Place): void {
    const oldObject = isJsonObject(old) ? old : {}
    for (const name of Object.keys(object)) {
      const validator = this.#properties.get(name) ?? this.#additional
      if (validator === undefined) continue
      const oldMember = Object.hasOwn(oldObject, name) ? oldObject[name] : undefined
      const isProperty = this.#schema.properties.has(name)
      const place = isProperty ? (path === '' ? name : `${path}.${name}`) : `${path}[${name}]`
      validator.#validate(object[name], oldMember, { run, path: place, ratchet: memberRatchet(ratchet, name) })
    }
  }

  #runRules(value: unknown, old: unknown, place: Place): void {
    if (this.#rules.length === 0) return
    const { run, path } = place
    const { type } = this.#declared
    const typeName = this.#schema.intOrString ? '' : (this.#schema.types[0] ?? '')
    if (run.budget <= 0) {
      endRun(run, path, typeName, outOfBudget)
      return
    }
    const self = { self: fromJson(value, type) }
    const oldSelf = old === undefined ? undefined : fromJson(old, type)
    const plain = oldSelf === undefined ? self : { ...self, oldSelf }
    const optional = { ...self, oldSelf: new Optional(oldSelf) }
    for (const compiled of this.#rules) {
      if (run.isOver) return
      const { rule, usesOldSelf } = compiled
      if (usesOldSelf && old === undefined && !rule.optionalOldSelf) continue
      const bindings = { rule: rule.optionalOldSelf ? optional : plain, message: plain }
      runRule(compiled, { ...place, value, typeName, bindings })
    }
  }
}

interface Run {
  readonly errors: FieldError[]
  budget: number
  /** No further rules are run. */
  isOver: boolean
  readonly warn: ((text: string) => void) | undefined
}

/** The value beside the old one, or the nearest one around it that has an old one. */
interface Ratchet {
  readonly here: Correlation | undefined
  readonly above: Correlation | undefined
}

interface Place {
  readonly run: Run
  readonly path: string
  readonly ratchet: Ratchet
}

interface RulePlace extends Place {
  readonly value: unknown
  readonly typeName: string
  readonly bindings: { readonly rule: Record<string, unknown>; readonly message: Record<string, unknown> }
}

const outOfBudget = 'validation failed due to running out of cost budget, no further validation rules will be run'

function runRule(compiled: CompiledRule, place: RulePlace): void {
  const { rule, program, error } = compiled
  const { run, path, typeName } = place
  if (error !== undefined) run.errors.push(atPath(path, typeName, `rule compile error: ${error}`))
  if (program === undefined) return
  try {
    const { value, cost } = program.evaluate(place.bindings.rule, { costLimit: costLimitPerRule })
    if (cost > run.budget) {
      endRun(run, path, typeName, outOfBudget)
      return
    }
    run.budget -= cost
    if (value !== true) reportFailure(compiled, place)
  } catch (thrown) {
    if (!(thrown instanceof CelRuntimeError)) throw thrown
    if (thrown.cost > run.budget) {
      endRun(run, path, typeName, outOfBudget)
      return
    }
    run.budget -= thrown.cost
    const why = evaluationError(thrown, shortText(rule))
    if (thrown instanceof CostLimitExceededError) endRun(run, path, typeName, why)
    else run.errors.push(atPath(path, typeName, why))
  }
}

function evaluationError(thrown: CelRuntimeError, rule: string): string {
  const { message } = thrown
  if (message.startsWith('no such overload'))
    return `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${rule}`
  if (thrown instanceof CostLimitExceededError)
    return `'${message}': no further validation rules will be run due to call cost exceeds limit for rule: ${rule}`
  return `${message} evaluating rule: ${rule}`
}

function reportFailure(compiled: CompiledRule, place: RulePlace): void {
  const { rule, fieldPath } = compiled
  const { run, path, typeName } = place
  const at = fieldPath === '' ? path : path === '' ? fieldPath : `${path}.${fieldPath}`
  const message = compiled.message && evaluateMessage(compiled, place)
  if (message?.end) {
    add(compiled, place, atPath(at, typeName, message.text))
    run.isOver = true
    return
  }
  const isStructured = typeName === 'object' || typeName === 'array'
  const detail = message?.text ?? (rule.message ? rule.message.trim() : `failed rule: ${shortText(rule)}`)
  add(compiled, place, failure(at, isStructured ? undefined : { value: place.value }, detail, rule))
}

/** A failure that was there before the update is only a warning, unless the rule is about the change. */
function add({ usesOldSelf }: CompiledRule, { run, ratchet }: Place, error: FieldError): void {
  const unchanged = (ratchet.here ?? ratchet.above)?.isUnchanged ?? false
  if (unchanged && !usesOldSelf) run.warn?.(`${error.field}: ${error.detail}`)
  else run.errors.push(error)
}

interface Message {
  readonly text: string
  /** The text is an error that ends the run. */
  readonly end?: boolean
}

/** `undefined`: the expression failed, and the rule's other message stands in. After evalMessageExpression. */
function evaluateMessage({ message, rule }: CompiledRule, { run, bindings }: RulePlace): Message | undefined {
  const outOfCost =
    'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run'
  try {
    const { value, cost } = message!.evaluate(bindings.message, { costLimit: costLimitPerRule })
    if (cost > run.budget) return { text: outOfCost, end: true }
    run.budget -= cost
    return typeof value === 'string' ? usableMessage(value.trim()) : undefined
  } catch (thrown) {
    if (!(thrown instanceof CelRuntimeError)) throw thrown
    if (thrown.cost > run.budget) return { text: outOfCost, end: true }
    run.budget -= thrown.cost
    if (!(thrown instanceof CostLimitExceededError)) return undefined
    const why = 'no further validation rules will be run due to call cost exceeds limit for messageExpression'
    return { text: `${why}: ${JSON.stringify(rule.messageExpression)}`, end: true }
  }
}

function usableMessage(text: string): Message | undefined {
  const isUsable = text !== '' && !text.includes('\n') && Buffer.byteLength(text) <= maxMessageBytes
  return isUsable ? { text } : undefined
}

function endRun(run: Run, path: string, typeName: string, why: string): void {
  run.errors.push(atPath(path, typeName, why))
  run.isOver = true
}

function atPath(path: string, value: unknown, why: string): FieldError {
  return invalidField(path === '' ? '<nil>' : path, value, why)
}

/** `shown`: the value that the error quotes; objects and lists are not quoted. */
function failure(
  path: string,
  shown: { value: unknown } | undefined,
  detail: string,
  { reason }: ValidationRule,
): FieldError {
  const field = path === '' ? '<nil>' : path
  switch (reason) {
    case 'FieldValueForbidden':
      return forbiddenField(field, detail)
    case 'FieldValueRequired':
      return requiredField(field, detail)
    case 'FieldValueDuplicate':
      if (shown === undefined) return { type: 'FieldValueDuplicate', field, detail: 'Duplicate value' }
      return duplicateField(field, shown.value)
    default:
      if (shown === undefined) return { type: 'FieldValueInvalid', field, detail: `Invalid value: ${detail}` }
      return invalidField(field, shown.value, detail)
  }
}

function shortText({ message, rule }: ValidationRule): string {
  return (message || rule).trim()
}

/** A change of version does not show in the objects, so their apiVersion and kind are always looked at. */
function memberRatchet(ratchet: Ratchet, name: string): Ratchet {
  const { here, above } = ratchet
  if (here === undefined) return ratchet
  if (above === undefined && (name === 'apiVersion' || name === 'kind')) return { here: undefined, above: undefined }
  return { here: here.member(name), above: here }
}

function oldItemsByKey(old: unknown, { listType, listMapKeys }: StructuralSchema): ReadonlyMap<string, unknown> {
  const items = new Map<string, unknown>()
  if (listType !== 'map' || !Array.isArray(old)) return items
  for (const item of old) {
    const key = itemKey(item, listMapKeys)
    if (key !== undefined && !items.has(key)) items.set(key, item)
  }
  return items
}

function hasRules(schema: StructuralSchema): boolean {
  const additional = additionalSchema(schema)
  return (
    schema.rules.length > 0 ||
    (schema.items !== undefined && hasRules(schema.items)) ||
    (additional !== undefined && hasRules(additional)) ||
    [...schema.properties.values()].some(hasRules)
  )
}
