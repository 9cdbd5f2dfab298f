/** Regular expressions by RE2's rules: no backtracking, so that no pattern takes more than linear time. */

import { RE2JS, RE2JSException } from 're2js'
import { Failure } from './values.ts'

/** Compiled, or a Failure with Go's text. */
export function compilePattern(pattern: string): RE2JS | Failure {
  try {
    return RE2JS.compile(pattern)
  } catch (err) {
    if (!(err instanceof RE2JSException)) throw err
    return new Failure(err.message)
  }
}

/** Whether the pattern matches anywhere in the text. */
export function matches(text: string, pattern: string): boolean | Failure {
  const compiled = compilePattern(pattern)
  return compiled instanceof Failure ? compiled : compiled.matcher(text).find()
}
