/** From text to a program. After cel-go cel/env.go and cel/program.go v0.26. */

import { type CheckedExpression, check } from './checker.ts'
import type { CelEnvironment } from './environment.ts'
import { kubernetesMacros } from './library/all.ts'
import { parse } from './parser.ts'
import { PlanError, plan } from './planner.ts'
import { CelProgram } from './program.ts'
import { renderErrors, Source } from './source.ts'
import { type CelType, isDyn, isExactType } from './types.ts'
import { validate } from './validators.ts'

export type CompileResult =
  | { readonly program: CelProgram }
  /**
   * What is wrong, in cel-go's form. Stage `compilation`: callers say `compilation failed: …`; `result`: the
   * expression is right, but of another type than allowed, and callers say which ones are (the text is empty);
   * `program`: `program instantiation failed: …`.
   */
  | { readonly errors: string; readonly stage: 'compilation' | 'result' | 'program' }

export interface CompileOptions {
  /** Types the result may have; dyn will do for any. Absent: all. */
  readonly result?: readonly CelType[]
}

/** Never throws for what an expression can cause. */
export function compileCel(
  environment: CelEnvironment,
  expression: string,
  { result }: CompileOptions = {},
): CompileResult {
  const source = new Source(expression)
  const parsed = parse(expression, kubernetesMacros)
  if ('errors' in parsed) return { errors: renderErrors(source, parsed.errors), stage: 'compilation' }
  const checked = check(parsed.expression, environment)
  if ('errors' in checked) return { errors: renderErrors(source, checked.errors), stage: 'compilation' }
  const invalid = validate(checked)
  if (invalid.length > 0) return { errors: renderErrors(source, invalid), stage: 'compilation' }
  const type = checked.types.get(checked.expression.id)!
  if (result !== undefined && !isDyn(type) && !result.some((allowed) => isDyn(allowed) || isExactType(allowed, type))) {
    return { errors: '', stage: 'result' }
  }
  return planned(environment, checked, type)
}

function planned(environment: CelEnvironment, checked: CheckedExpression, type: CelType): CompileResult {
  try {
    return { program: new CelProgram({ environment, checked, step: plan(checked), type }) }
  } catch (err) {
    if (!(err instanceof PlanError)) throw err
    return { errors: err.message, stage: 'program' }
  }
}
