import type { FieldError } from '../../../machinery/errors.ts'
import { forbiddenField, invalidField } from '../../../machinery/field-errors.ts'
import type { JsonSchema } from '../../../machinery/structural-schema/json-schema.ts'
import { itemsOf } from '../../../machinery/structural-schema/structural-errors.ts'
import { compiledRuleErrors } from './compiled-rule-errors.ts'
import { topologyErrors } from './list-rules.ts'
import type { RuleContext } from './rule-context.ts'
import { writtenRuleErrors } from './rule-errors.ts'
import { type StandardOptions, standardErrors } from './schema-standard.ts'
import type { ValidationOptions } from './validation-options.ts'

interface Here {
  readonly path: string
  readonly options: ValidationOptions
  readonly standard: StandardOptions
  readonly isRoot: boolean
  /** The part of the schema around that hides which old value belongs to which new one. */
  readonly uncorrelatable: string | undefined
  /** Absent: rules are not compiled, since the schema is not structural or this is a branch. */
  readonly rules: RuleContext | undefined
  readonly allowAnyCost: boolean
}

export interface OpenApiSchemaOptions {
  readonly path: string
  readonly options: ValidationOptions
  readonly rules: RuleContext | undefined
  /** The schema was like this before: its rules may cost what they cost. */
  readonly allowAnyCost: boolean
}

/** Errors of rules come after all others, and only where there are no others at their place or below. */
interface SchemaErrors {
  readonly schema: FieldError[]
  readonly rules: FieldError[]
}

/** After ValidateCustomResourceDefinitionOpenAPISchema of apiextensions validation.go v1.36. */
export function openApiSchemaErrors(schema: JsonSchema, given: OpenApiSchemaOptions): FieldError[] {
  const standard = {
    requireValidTypes: given.options.requireValidTypes,
    noDefaultsBecause: undefined,
    isInsideMetadata: false,
  }
  const errors = validate(schema, { ...given, standard, isRoot: true, uncorrelatable: undefined })
  return [...errors.schema, ...errors.rules]
}

function validate(schema: JsonSchema, here: Here): SchemaErrors {
  const { path, options, rules: context } = here
  const rules: FieldError[] = []
  const errors = standardErrors(schema, path, here.standard)
  if (schema.uniqueItems) {
    const why = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'
    errors.push(forbiddenField(`${path}.uniqueItems`, why))
  }
  for (const { schema: child, ...there } of childrenOf(schema, here, errors)) {
    const below = validate(child, { ...here, isRoot: false, ...there })
    errors.push(...below.schema)
    rules.push(...below.rules)
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    errors.push(invalidField(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'))
  errors.push(...topologyErrors(schema, path, options), ...writtenRuleErrors(schema, path))
  if (errors.length === 0 && context) rules.push(...compiledRuleErrors(schema, { ...here, context }))
  return { schema: errors, rules }
}

type Child = { readonly schema: JsonSchema } & Pick<Here, 'path' | 'rules'> &
  Partial<Pick<Here, 'standard' | 'uncorrelatable'>>

function childrenOf(schema: JsonSchema, here: Here, errors: FieldError[]): Child[] {
  return [
    ...additionalOf(schema, here, errors),
    ...propertiesOf(schema, here),
    ...branchesOf(schema, here),
    ...itemsBelow(schema, here),
  ]
}

function additionalOf(around: JsonSchema, here: Here, errors: FieldError[]): Child[] {
  const { additionalProperties, properties } = around
  if (additionalProperties === undefined) return []
  const path = `${here.path}.additionalProperties`
  if (Object.keys(properties ?? {}).length > 0 && additionalProperties !== true)
    errors.push(forbiddenField(path, 'additionalProperties and properties are mutual exclusive'))
  if (typeof additionalProperties === 'boolean') return []
  const noDefaultsBecause = 'inside additionalProperties applying to object metadata'
  const standard = here.standard.isInsideMetadata ? { ...here.standard, noDefaultsBecause } : here.standard
  return [{ schema: additionalProperties, path, standard, rules: here.rules?.additional(around) }]
}

const metaFields = ['metadata', 'kind', 'apiVersion']

function propertiesOf(schema: JsonSchema, here: Here): Child[] {
  const isObject = here.isRoot || schema['x-kubernetes-embedded-resource'] === true
  const correlates = ['granular', 'atomic', undefined].includes(schema['x-kubernetes-map-type'])
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    schema: property,
    path: `${here.path}.properties[${name}]`,
    rules: here.rules?.property(name, schema),
    uncorrelatable: here.uncorrelatable ?? (correlates ? undefined : here.path),
    standard: isObject && metaFields.includes(name) ? insideMetadata(here, name) : here.standard,
  }))
}

function insideMetadata({ standard, isRoot }: Here, name: string): StandardOptions {
  return {
    ...standard,
    isInsideMetadata: true,
    ...(isRoot && { noDefaultsBecause: `in top-level ${name}` }),
  }
}

function branchesOf({ not, allOf, oneOf, anyOf, definitions, dependencies }: JsonSchema, { path }: Here): Child[] {
  const branch = (schema: JsonSchema, place: string) => ({ schema, path: `${path}.${place}`, rules: undefined })
  const list = (name: string, branches: readonly JsonSchema[] = []) =>
    branches.map((schema, index) => branch(schema, `${name}[${index}]`))
  const byKey = (name: string, schemas: Readonly<Record<string, JsonSchema | readonly string[]>> = {}) =>
    Object.entries(schemas).flatMap(([key, schema]) => (isSchema(schema) ? [branch(schema, `${name}[${key}]`)] : []))
  return [
    ...(not === undefined ? [] : [branch(not, 'not')]),
    ...list('allOf', allOf),
    ...list('oneOf', oneOf),
    ...list('anyOf', anyOf),
    ...byKey('definitions', definitions),
    ...byKey('dependencies', dependencies),
  ]
}

function isSchema(value: JsonSchema | readonly unknown[]): value is JsonSchema {
  return !Array.isArray(value)
}

/** Only items of lists of type map can be told which old one they were. */
function itemsBelow(schema: JsonSchema, here: Here): Child[] {
  if (schema.items === undefined) return []
  const isMap = schema['x-kubernetes-list-type'] === 'map'
  const uncorrelatable = here.uncorrelatable ?? (isMap ? undefined : here.path)
  const one = itemsOf(schema)
  const path = `${here.path}.items`
  const rules = here.rules?.items(schema)
  if (one !== undefined) return [{ schema: one, path, uncorrelatable, rules }]
  return (schema.items as readonly JsonSchema[]).map((item, index) => ({
    schema: item,
    path: `${path}[${index}]`,
    uncorrelatable,
    rules,
  }))
}
