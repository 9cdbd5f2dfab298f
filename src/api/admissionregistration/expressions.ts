import { compileCel } from '../../machinery/cel/compile.ts'
import { type CelEnvironment, celEnvironment } from '../../machinery/cel/environment.ts'
import { authorizerType, resourceCheckType } from '../../machinery/cel/library/authorizer-values.ts'
import { jsonPatchFunctions } from '../../machinery/cel/library/json-patch.ts'
import type { CelProgram } from '../../machinery/cel/program.ts'
import { type CelType, dynType, isExactType, objectType } from '../../machinery/cel/types.ts'
import type { ExpressionForm } from './expression-forms.ts'
import { namespaceType, requestType, resolvePatchType } from './expression-types.ts'

/** Which variables an expression has beside the objects, the request and the namespace. */
export interface ExpressionScope {
  readonly hasParams: boolean
  /** Everywhere but in messages. */
  readonly hasAuthorizer?: boolean
  /** Mutations may construct patches. */
  readonly hasPatchTypes?: boolean
  /** The type of `variables`, where there are any. */
  readonly variables?: CelType
  /** Absent: whatever is asked of objects and parameters is known only when they are there. */
  readonly types?: KnownTypes
}

/** What a type check knows of the objects of a policy. */
export interface KnownTypes {
  readonly object: CelType
  /** Undefined: nothing is known of parameters. */
  readonly params: CelType | undefined
}

export type CompiledExpression = { readonly program: CelProgram } | { readonly error: string }

/** Compiles an expression of a webhook or policy. Never throws. After admission/plugin/cel CompileCELExpression v1.36. */
export function compileExpression(
  expression: string,
  { results }: ExpressionForm,
  scope: ExpressionScope,
): CompiledExpression {
  const compiled = compileCel(environmentOf(scope), expression)
  if ('errors' in compiled) {
    const stage = compiled.stage === 'program' ? 'program instantiation failed' : 'compilation failed'
    return { error: `${stage}: ${compiled.errors}` }
  }
  const { type } = compiled.program
  if (results.some((result) => result.kind === 'any' || isExactType(result, type))) return compiled
  const names = results.map(typeText)
  const wanted = names.length === 1 ? names[0] : `one of [${names.join(' ')}]`
  return { error: `must evaluate to ${wanted} but got ${typeText(type)}` }
}

/** As Go prints a type: `list(JSONPatch)`, `null_type`. */
function typeText({ name, parameters }: CelType): string {
  return parameters.length === 0 ? name : `${name}(${parameters.map(typeText).join(', ')})`
}

/**
 * What is wrong with the types of an expression, whatever it evaluates to; undefined where nothing is. After
 * policy/validating/typechecking.go typeCheckingCompiler v1.36.
 */
export function typeIssues(expression: string, scope: ExpressionScope): string | undefined {
  const compiled = compileCel(environmentOf(scope), expression)
  return 'errors' in compiled && compiled.stage === 'compilation' ? compiled.errors : undefined
}

function environmentOf(scope: ExpressionScope): CelEnvironment {
  const { hasParams, hasAuthorizer = true, hasPatchTypes, variables, types } = scope
  return celEnvironment({
    variables: {
      object: types?.object ?? dynType,
      oldObject: types?.object ?? dynType,
      namespaceObject: namespaceType,
      request: requestType,
      ...(hasParams && { params: types?.params ?? dynType }),
      ...(hasAuthorizer && { authorizer: authorizerType }),
      // Upstream forgot it where it checks types, and warns of expressions that use it.
      ...(hasAuthorizer && !types && { 'authorizer.requestResource': resourceCheckType }),
      ...(variables && { variables }),
    },
    ...(hasPatchTypes && { resolveType: resolvePatchType, functions: jsonPatchFunctions }),
  })
}

export interface VariableScopeOptions {
  readonly hasParams: boolean
  /** Whether expressions know `variables` at all. */
  readonly isComposed: boolean
  readonly types?: KnownTypes
}

/** The variables of one policy, and what its expressions can see of them. After admission/plugin/cel/composition.go. */
export class VariableScope {
  readonly expressions: ExpressionScope
  readonly messages: ExpressionScope
  readonly mutations: ExpressionScope
  readonly #types = new Map<string, CelType>()

  constructor({ hasParams, isComposed, types }: VariableScopeOptions) {
    const variables = objectType('kubernetes.variables', (name) => {
      const type = this.#types.get(name)
      return type && { type }
    })
    this.expressions = { hasParams, ...(isComposed && { variables }), ...(types && { types }) }
    this.messages = { ...this.expressions, hasAuthorizer: false }
    this.mutations = { ...this.expressions, hasPatchTypes: true }
  }

  /** Compiles a variable, which later expressions can use. One that does not compile is of any type. */
  declare(name: string, expression: string, form: ExpressionForm): CompiledExpression {
    const compiled = compileExpression(expression, form, this.expressions)
    this.#types.set(name, 'program' in compiled ? declaredType(compiled.program.type) : dynType)
    return compiled
  }
}

/** Objects lose their fields' types on the way through a variable. After convertCelTypeToDeclType v1.36. */
function declaredType(type: CelType): CelType {
  switch (type.kind) {
    case 'list':
    case 'map':
      return { ...type, parameters: type.parameters.map(declaredType) }
    case 'object':
    case 'opaque':
    case 'type':
    case 'error':
    case 'parameter':
      return dynType
    default:
      return type
  }
}
