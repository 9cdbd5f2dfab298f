import { compileCel } from '../../../machinery/cel/compile.ts'
import { type CelEnvironment, celEnvironment } from '../../../machinery/cel/environment.ts'
import { CelRuntimeError } from '../../../machinery/cel/evaluation.ts'
import type { CelProgram } from '../../../machinery/cel/program.ts'
import { toJson } from '../../../machinery/cel/to-json.ts'
import { type CelType, dynType, listType, mapType, stringType } from '../../../machinery/cel/types.ts'
import { ConfigurationError } from '../../configuration/configuration-file.ts'
import type { UserInfo } from '../../request.ts'

/** The claims of a token, as they are in it. */
export type Claims = Readonly<Record<string, unknown>>

/** An expression of a configuration, ready to run. */
export interface ClaimExpression {
  readonly text: string
  readonly program: CelProgram
}

const claimsEnvironment = () => celEnvironment({ variables: { claims: mapType(stringType, dynType) } })
const userEnvironment = () => celEnvironment({ variables: { user: dynType } })

/** Throws a ConfigurationError. After apiserver authentication/cel/compile.go v1.36. */
export function compileClaimExpression(text: string, path: string, result?: readonly CelType[]): ClaimExpression {
  return compiled(claimsEnvironment(), text, path, result)
}

export function compileUserExpression(text: string, path: string, result?: readonly CelType[]): ClaimExpression {
  return compiled(userEnvironment(), text, path, result)
}

/** What a mapping to several strings may be. */
export const stringOrList: readonly CelType[] = [stringType, listType(stringType), listType(dynType)]

function compiled(
  environment: CelEnvironment,
  text: string,
  path: string,
  result: readonly CelType[] | undefined,
): ClaimExpression {
  const outcome = compileCel(environment, text, result ? { result } : {})
  if ('program' in outcome) return { text, program: outcome.program }
  const why =
    outcome.stage === 'result' ? `must evaluate to ${typeNames(result ?? [])}` : `compilation failed: ${outcome.errors}`
  throw new ConfigurationError(`${path}: Invalid value: ${JSON.stringify(text)}: ${why}`)
}

function typeNames(types: readonly CelType[]): string {
  return types.map(({ kind }) => kind).join(' or ')
}

/** Throws a CelRuntimeError. */
export function evaluateClaims({ program }: ClaimExpression, claims: Claims): unknown {
  return toJson(program.evaluate({ claims }).value)
}

/** Throws a CelRuntimeError. */
export function evaluateUser({ program }: ClaimExpression, { name, uid = '', groups, extra }: UserInfo): unknown {
  return toJson(program.evaluate({ user: { username: name, uid, groups, extra } }).value)
}

/** A string, or a list of them; empty ones and null are none. Throws for anything else. */
export function stringsOf(value: unknown): string[] {
  if (value === null || value === '') return []
  if (typeof value === 'string') return [value]
  if (!Array.isArray(value)) throw new CelRuntimeError('expression must return a string or a list of strings')
  return value.map((item) => {
    if (typeof item === 'string') return item
    throw new CelRuntimeError('expression must return a string or a list of strings')
  })
}
