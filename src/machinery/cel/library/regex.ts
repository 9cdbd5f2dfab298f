/** What a regular expression finds. After apiserver pkg/cel/library/regex.go v1.36. */

import { type FunctionDeclaration, memberFunction, memberOverload } from '../declarations.ts'
import { compilePattern } from '../regular-expression.ts'
import { intType, listType, stringType } from '../types.ts'
import { noSuchOverload } from '../value-types.ts'
import { type CelValue, Failure, ValueList } from '../values.ts'

const listOfStrings = listType(stringType)

export const regexFunctions: readonly FunctionDeclaration[] = [
  memberFunction('find', 'string_find_string', {
    arguments: [stringType, stringType],
    result: stringType,
    apply: find,
  }),
  {
    name: 'findAll',
    overloads: [
      memberOverload('string_find_all_string', {
        arguments: [stringType, stringType],
        result: listOfStrings,
        apply: (text, pattern) => findAll(text, pattern, -1n),
      }),
      memberOverload('string_find_all_string_int', {
        arguments: [stringType, stringType, intType],
        result: listOfStrings,
        apply: findAll,
      }),
    ],
  },
]

/** The first match, or an empty string. */
function find(text?: CelValue, pattern?: CelValue): CelValue {
  const found = findAll(text, pattern, 1n)
  if (found instanceof ValueList) return found.size === 0 ? '' : found.at(0)
  return found
}

function findAll(text?: CelValue, pattern?: CelValue, limit?: CelValue): CelValue {
  if (typeof text !== 'string' || typeof pattern !== 'string' || typeof limit !== 'bigint') return noSuchOverload
  const compiled = compilePattern(pattern)
  if (compiled instanceof Failure) return new Failure(`Illegal regex: ${compiled.message}`)
  const matcher = compiled.matcher(text)
  const found: CelValue[] = []
  while ((limit < 0n || found.length < limit) && matcher.find()) found.push(matcher.group() ?? '')
  return new ValueList(found)
}
