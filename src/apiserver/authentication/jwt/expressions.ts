import { compileCel } from '../../../machinery/cel/compile.ts'
import { type CelEnvironment, celEnvironment } from '../../../machinery/cel/environment.ts'
import { CelRuntimeError } from '../../../machinery/cel/evaluation.ts'
import { childrenOf, type Expression } from '../../../machinery/cel/expression.ts'
import type { CelProgram } from '../../../machinery/cel/program.ts'
import { toJson } from '../../../machinery/cel/to-json.ts'
import {
  anyType,
  boolType,
  isExactType,
  listType,
  mapType,
  objectType,
  stringType,
} from '../../../machinery/cel/types.ts'
import { invalidField } from '../../../machinery/field-errors.ts'
import { fieldError } from '../../configuration/configuration-file.ts'
import type { UserInfo } from '../../request.ts'

/** The claims of a token, as they are in it. */
export type Claims = Readonly<Record<string, unknown>>

/** An expression of a configuration, ready to run. */
export interface ClaimExpression {
  readonly text: string
  readonly program: CelProgram
}

const userType = objectType('kubernetes.UserInfo', {
  username: stringType,
  uid: stringType,
  groups: listType(stringType),
  extra: mapType(stringType, listType(stringType)),
})

const claimsEnvironment = () => celEnvironment({ variables: { claims: mapType(stringType, anyType) } })
const userEnvironment = () => celEnvironment({ variables: { user: userType } })

/** As much as one expression may cost. After apiserver apis/cel PerCallLimit. */
const costLimit = 1_000_000

/** Whatever it comes to: what claims are, only a token tells. Throws a ConfigurationError. */
export function compileMapping(text: string, path: string): ClaimExpression {
  return compiled(claimsEnvironment(), text, path)
}

/** Something that must hold. Throws a ConfigurationError. After apiserver authentication/cel/compile.go v1.36. */
export function compileClaimRule(text: string, path: string): ClaimExpression {
  return requireBool(compiled(claimsEnvironment(), text, path), path)
}

export function compileUserRule(text: string, path: string): ClaimExpression {
  return requireBool(compiled(userEnvironment(), text, path), path)
}

function compiled(environment: CelEnvironment, text: string, path: string): ClaimExpression {
  const outcome = compileCel(environment, text)
  if ('program' in outcome) return { text, program: outcome.program }
  const stage = outcome.stage === 'program' ? 'program instantiation' : 'compilation'
  throw fieldError(invalidField(path, text, `${stage} failed: ${outcome.errors}`))
}

function requireBool(expression: ClaimExpression, path: string): ClaimExpression {
  if (isExactType(expression.program.type, boolType)) return expression
  throw fieldError(invalidField(path, expression.text, 'must evaluate to bool'))
}

/** Whether the value of a claim is asked for by name. After apiserver validation.go hasSelectExp v1.36. */
export function mentionsClaim({ program }: ClaimExpression, claim: string): boolean {
  return mentions(program.checked.expression, claim)
}

function mentions(expression: Expression, claim: string): boolean {
  if (expression.kind === 'select' && isClaims(expression.operand) && expression.field === claim) return true
  if (expression.kind === 'call' && expression.function === '_?._') {
    const [operand, field] = expression.arguments
    if (operand && isClaims(operand) && field?.kind === 'literal' && field.value === claim) return true
  }
  return childrenOf(expression).some((child) => mentions(child, claim))
}

function isClaims(expression: Expression): boolean {
  return expression.kind === 'identifier' && expression.name === 'claims'
}

/** Throws a CelRuntimeError. */
export function evaluateClaims({ program }: ClaimExpression, claims: Claims): unknown {
  return toJson(program.evaluate({ claims }, { costLimit }).value)
}

/** Throws a CelRuntimeError. */
export function evaluateUser({ program }: ClaimExpression, { name, uid = '', groups, extra }: UserInfo): unknown {
  return toJson(program.evaluate({ user: { username: name, uid, groups, extra } }, { costLimit }).value)
}

/** A string, or a list of them; empty ones and null are none. Throws for anything else. */
export function stringsOf(value: unknown): string[] {
  if (value === null || value === '') return []
  if (typeof value === 'string') return [value]
  if (!Array.isArray(value)) throw new CelRuntimeError('expression must return a string or a list of strings')
  const strings = value.map((item) => {
    if (typeof item === 'string') return item
    throw new CelRuntimeError('expression must return a string or a list of strings')
  })
  return strings.filter((item) => item !== '')
}
