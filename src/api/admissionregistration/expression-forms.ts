import { anyType, boolType, type CelType, listType, nullType, stringType } from '../../machinery/cel/types.ts'
import { appliedObjectType, jsonPatchType } from './expression-types.ts'

/** What an expression is for, which says what it may evaluate to. */
export interface ExpressionForm {
  readonly results: readonly CelType[]
}

export const expressionForms = {
  /** Of match conditions and validations. */
  condition: { results: [boolType] },
  variable: { results: [anyType] },
  message: { results: [stringType] },
  auditAnnotation: { results: [stringType, nullType] },
  applyConfiguration: { results: [appliedObjectType] },
  jsonPatch: { results: [listType(jsonPatchType)] },
} as const satisfies Readonly<Record<string, ExpressionForm>>
