import { compileCel } from '../cel/compile.ts'
import { type CelEnvironment, celEnvironment } from '../cel/environment.ts'
import type { CelProgram } from '../cel/program.ts'
import { optionalType } from '../cel/types.ts'
import { type DeclaredType, maxRequestBytes } from './declared-type.ts'
import { formatFieldPath, resolveFieldPath } from './field-path.ts'
import type { ValidationRule } from './json-schema.ts'
import type { StructuralSchema } from './structural-schema.ts'

/** A rule of x-kubernetes-validations, ready to run. After CompilationResult of schema/cel compilation.go. */
export interface CompiledRule {
  readonly rule: ValidationRule
  /** Absent: the rule is empty, or wrong. */
  readonly program?: CelProgram
  /** What is wrong with the rule. */
  readonly error?: string
  readonly usesOldSelf: boolean
  readonly message?: CelProgram
  /** What is wrong with the messageExpression. */
  readonly messageError?: string
  /** Where errors are reported, below the value; empty: at the value. */
  readonly fieldPath: string
}

/** Any name will do: expressions cannot count on it. */
export const selfTypeName = 'selfType'

/**
 * Compiles the rules of one schema, not of those below. After Compile of apiextensions-apiserver
 * pkg/apiserver/schema/cel compilation.go v1.36.
 */
export function compileRules(schema: StructuralSchema, { type }: DeclaredType): CompiledRule[] {
  const environments = {
    plain: celEnvironment({ variables: { self: type, oldSelf: type } }),
    optional: celEnvironment({ variables: { self: type, oldSelf: optionalType(type) } }),
  }
  return schema.rules.map((rule) =>
    compileRule(rule, schema, rule.optionalOldSelf ? environments.optional : environments.plain),
  )
}

/** How often values of this size can be in a request: as often at most a rule is run. */
export function maxCardinality({ minSerializedSize }: DeclaredType): number {
  return Math.floor(maxRequestBytes / (minSerializedSize + 1))
}

function compileRule(rule: ValidationRule, schema: StructuralSchema, environment: CelEnvironment): CompiledRule {
  const compiled = { rule, usesOldSelf: false, fieldPath: '' }
  if ((rule.rule ?? '').trim() === '') return compiled
  const result = compileTo('bool', rule.rule, environment)
  if ('error' in result) return { ...compiled, error: result.error }
  const message = rule.messageExpression ? compileTo('string', rule.messageExpression, environment) : undefined
  return {
    rule,
    program: result.program,
    usesOldSelf: mentionsOldSelf(result.program),
    ...(message && ('error' in message ? { messageError: messageError(message.error) } : { message: message.program })),
    fieldPath: normalizedPath(rule, schema),
  }
}

function compileTo(
  kind: 'bool' | 'string',
  expression: string,
  environment: CelEnvironment,
): { readonly program: CelProgram } | { readonly error: string } {
  const result = compileCel(environment, expression)
  if ('errors' in result) {
    const { errors, stage } = result
    return { error: stage === 'program' ? `program instantiation failed: ${errors}` : `compilation failed: ${errors}` }
  }
  if (result.program.type.kind !== kind) {
    const what = kind === 'bool' ? 'cel expression must evaluate to a bool' : 'must evaluate to a string'
    return { error: what }
  }
  return result
}

function messageError(error: string): string {
  return `messageExpression ${error.replace(/^program instantiation/, 'instantiation')}`
}

function mentionsOldSelf({ checked }: CelProgram): boolean {
  return [...checked.references.values()].some(({ kind, ...reference }) => {
    return kind === 'variable' && 'name' in reference && reference.name === 'oldSelf'
  })
}

function normalizedPath({ fieldPath = '' }: ValidationRule, schema: StructuralSchema): string {
  if (fieldPath === '') return ''
  const result = resolveFieldPath(fieldPath, schema)
  return result.ok ? formatFieldPath(result.steps) : ''
}
