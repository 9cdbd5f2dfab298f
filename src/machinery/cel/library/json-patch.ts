/** Paths of JSON patches. After apiserver pkg/cel/library/jsonpatch.go v1.36. */

import { type FunctionDeclaration, globalFunction } from '../declarations.ts'
import { stringType } from '../types.ts'
import { noSuchOverload } from '../value-types.ts'

export const jsonPatchFunctions: readonly FunctionDeclaration[] = [
  globalFunction('jsonpatch.escapeKey', 'string_jsonpatch_escapeKey_string', {
    arguments: [stringType],
    result: stringType,
    apply: (key) =>
      typeof key === 'string' ? key.replaceAll(/[~/]/g, (mark) => (mark === '~' ? '~0' : '~1')) : noSuchOverload,
  }),
]
