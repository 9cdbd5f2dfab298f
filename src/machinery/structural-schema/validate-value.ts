import type { FieldError } from '../errors.ts'
import { checkNumber } from './check-number.ts'
import { Correlation } from './correlation.ts'
import {
  enumFailure,
  Findings,
  generalFailure,
  invalidFailure,
  requiredFailure,
  tooLongFailure,
  tooManyFailure,
  typeFailure,
} from './failures.ts'
import { hasFormat } from './formats.ts'
import { isInteger, isNearInteger, isNumber } from './numbers.ts'
import { additionalSchema, type StructuralSchema, type ValueChecks } from './structural-schema.ts'
import { equalJson, isJsonObject, type JsonObject } from './values.ts'

export interface ValidateValueOptions {
  /** The value that is replaced: what did not change is not complained about. Absent: the value is new. */
  readonly old?: { readonly value: unknown }
  /** Where the value stands in the object, such as `status`; default: at its root. */
  readonly path?: string
}

/**
 * What is wrong with a value, in upstream's words and places; some failures belong to no field and stand at `<nil>`.
 * After kube-openapi pkg/validation/validate and apiextensions-apiserver pkg/apiserver/validation v1.36.
 */
export function validateValue(
  value: unknown,
  schema: StructuralSchema,
  { old, path = '' }: ValidateValueOptions = {},
): FieldError[] {
  const correlation = old && new Correlation(value, old.value, schema)
  return validate(value, schema, '', correlation).failures.map((failure) => {
    const below = failure.path === '.' ? '' : (failure.path ?? '').replace(/^\./, '')
    const field = [path, below].filter((part) => part !== '').join('.')
    return failure.toFieldError(field === '' ? '<nil>' : field)
  })
}

/** `where` is the path below the validated value. Failures of a value that did not change are dropped. */
function validate(
  value: unknown,
  schema: StructuralSchema,
  where: string,
  correlation: Correlation | undefined,
): Findings {
  const findings = validateNew(value, schema, where, correlation)
  if (findings.isValid || !correlation?.isUnchanged) return findings
  const ratcheted = new Findings()
  ratcheted.passed = findings.passed
  return ratcheted
}

function validateNew(
  value: unknown,
  schema: StructuralSchema,
  where: string,
  correlation: Correlation | undefined,
): Findings {
  const findings = new Findings()
  const { checks } = schema
  checkType(value, schema, where, findings)
  if (value !== null) {
    checkBranches(value, schema, where, findings)
    if (typeof value === 'string') checkString(value, checks, where, findings)
    else if (isNumber(value)) checkNumber(value, schema, where, findings)
    else if (Array.isArray(value)) checkList(value, schema, where, { findings, correlation })
    findings.passed++
  }
  if (checks.enum && checks.enum.length > 0 && !checks.enum.some((one) => isEnumValue(value, one)))
    findings.add(enumFailure(where, value, checks.enum))
  if (isJsonObject(value)) checkObject(value, schema, where, { findings, correlation })
  return findings
}

/** After kube-openapi validate type.go, with its order of questions. */
function checkType(value: unknown, { types, nullable, checks }: StructuralSchema, where: string, findings: Findings) {
  if (value === null) {
    if (types.length > 0 && !nullable) findings.add(typeFailure(where, types.join(','), 'null'))
    else findings.passed++
    return
  }
  if (types.length === 0 && checks.format === undefined) return
  const found = typeOf(value)
  const isTextOrList = found === 'string' || found === 'array'
  if (types.includes(found) || isSameNumber(value, types)) findings.passed++
  else if (checks.format !== undefined && !isTextOrList)
    findings.add(typeFailure(where, checks.format, numberFormats.get(found) ?? ''))
  // Where no number is wanted, a text or list with a format is left to the check of the format.
  else if (checks.format !== undefined && !types.includes('number') && !types.includes('integer')) findings.passed++
  else findings.add(typeFailure(where, types.join(','), found))
}

/** The formats of Go's own number types. */
const numberFormats: ReadonlyMap<string, string> = new Map([
  ['integer', 'int64'],
  ['number', 'float64'],
])

function isSameNumber(value: unknown, types: readonly string[]): boolean {
  if (!isNumber(value)) return false
  if (types.includes('number') && isInteger(value)) return true
  return types.includes('integer') && isNearInteger(Number(value))
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (isNumber(value)) return isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function checkString(value: string, checks: ValueChecks, where: string, findings: Findings): void {
  const length = checks.maxLength !== undefined || checks.minLength !== undefined ? [...value].length : 0
  if (checks.maxLength !== undefined && length > checks.maxLength) findings.add(tooLongFailure(where, checks.maxLength))
  else if (checks.minLength !== undefined && length < checks.minLength)
    findings.add(invalidFailure(where, value, `should be at least ${checks.minLength} chars long`))
  else if (checks.pattern !== undefined && !checks.pattern.matches(value)) {
    const { text, error } = checks.pattern
    const rule = error === undefined ? text : `${text}, but pattern is invalid: ${error}`
    findings.add(invalidFailure(where, value, `should match '${rule}'`))
  }
  if (checks.format !== undefined && !hasFormat(value, checks.format))
    findings.add(typeFailure(where, checks.format, value))
}

interface Walk {
  readonly findings: Findings
  readonly correlation: Correlation | undefined
}

function checkList(list: readonly unknown[], schema: StructuralSchema, where: string, { findings, correlation }: Walk) {
  const { items, checks } = schema
  if (items !== undefined)
    for (const [index, item] of list.entries())
      findings.merge(validate(item, items, `${where}[${index}]`, correlation?.item(index)))
  if (checks.minItems !== undefined && list.length < checks.minItems)
    findings.add(invalidFailure(where, list.length, `should have at least ${checks.minItems} items`))
  if (checks.maxItems !== undefined && list.length > checks.maxItems)
    findings.add(tooManyFailure(where, 'items', list.length, checks.maxItems))
  if (checks.uniqueItems && hasDuplicates(list)) findings.add(invalidFailure(where, '', "shouldn't contain duplicates"))
  findings.passed++
}

function hasDuplicates(list: readonly unknown[]): boolean {
  return list.some((item, index) => list.slice(0, index).some((earlier) => equalJson(item, earlier)))
}

function checkObject(object: JsonObject, schema: StructuralSchema, where: string, { findings, correlation }: Walk) {
  checkCount(Object.keys(object).length, schema.checks, where, findings)
  const member = (name: string, one: StructuralSchema, at: string) =>
    findings.merge(validate(object[name], one, at, isTypeMeta(where, name) ? undefined : correlation?.member(name)))
  const additional = additionalSchema(schema)
  for (const name of Object.keys(object)) {
    if (schema.properties.has(name)) continue
    if (schema.additionalProperties === false)
      findings.add({ ...invalidFailure(`${where}.${name}`, name, 'is a forbidden property'), path: where })
    else if (additional !== undefined) member(name, additional, `${where}.${name}`)
  }
  for (const [name, property] of schema.properties)
    if (Object.hasOwn(object, name)) member(name, property, where === '' ? name : `${where}.${name}`)
  for (const name of schema.required)
    if (!Object.hasOwn(object, name)) findings.add(requiredFailure(`${where}.${name}`))
}

function checkCount(count: number, checks: ValueChecks, where: string, findings: Findings): void {
  if (checks.minProperties !== undefined && count < checks.minProperties)
    findings.add(invalidFailure(where, count, `should have at least ${checks.minProperties} properties`))
  if (checks.maxProperties !== undefined && count > checks.maxProperties)
    findings.add(tooManyFailure(where, 'properties', count, checks.maxProperties))
}

/** A change of version does not show in the objects, so their apiVersion is always looked at. */
function isTypeMeta(where: string, name: string): boolean {
  return where === '' && (name === 'kind' || name === 'apiVersion')
}

/** The branches that only restrict: after kube-openapi validate schema_props.go. */
function checkBranches(value: unknown, schema: StructuralSchema, where: string, findings: Findings): void {
  const results = (branches: readonly StructuralSchema[]) =>
    branches.map((branch) => validate(value, branch, where, undefined))
  if (schema.anyOf.length > 0) checkAnyOf(results(schema.anyOf), where, findings)
  if (schema.oneOf.length > 0) checkOneOf(results(schema.oneOf), where, findings)
  if (schema.allOf.length > 0) checkAllOf(results(schema.allOf), where, findings)
  if (schema.not !== undefined && validate(value, schema.not, where, undefined).isValid)
    findings.add(generalFailure(`${JSON.stringify(where)} must not validate the schema (not)`))
  findings.passed++
}

function checkAnyOf(results: readonly Findings[], where: string, findings: Findings): void {
  const valid = results.find(({ isValid }) => isValid)
  if (valid === undefined)
    findings.add(generalFailure(`${JSON.stringify(where)} must validate at least one schema (anyOf)`))
  findings.merge(valid ?? closest(results))
}

function checkOneOf(results: readonly Findings[], where: string, findings: Findings): void {
  const valid = results.filter(({ isValid }) => isValid)
  if (valid.length === 1) {
    findings.merge(valid[0]!)
    return
  }
  const found = valid.length === 0 ? 'Found none valid' : `Found ${valid.length} valid alternatives`
  findings.add(generalFailure(`${JSON.stringify(where)} must validate one and only one schema (oneOf). ${found}`))
  if (valid.length === 0) findings.merge(closest(results))
}

function checkAllOf(results: readonly Findings[], where: string, findings: Findings): void {
  for (const result of results) findings.merge(result)
  if (results.every(({ isValid }) => isValid)) return
  const none = results.some(({ isValid }) => isValid) ? '' : '. None validated'
  findings.add(generalFailure(`${JSON.stringify(where)} must validate all the schemas (allOf)${none}`))
}

/** The branch in which most checks passed; the first of equals. */
function closest(results: readonly Findings[]): Findings {
  return results.reduce((best, result) => (result.passed > best.passed ? result : best))
}

/** Numbers are compared as the type of the allowed value: 1.5 counts as the integer 1. */
function isEnumValue(value: unknown, allowed: unknown): boolean {
  if (allowed === null || value === null) return false
  if (isNumber(value) && isNumber(allowed)) {
    if (isInteger(allowed)) return (typeof value === 'bigint' ? value : BigInt(Math.trunc(value))) === BigInt(allowed)
    return Number(value) === allowed
  }
  return equalJson(value, allowed)
}
