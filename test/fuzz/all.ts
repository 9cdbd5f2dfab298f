import { codecs } from './codecs.ts'
import { expressionFuzz } from './expressions.ts'
import type { Fuzz } from './fuzz.ts'
import { languages } from './languages.ts'
import { patches } from './patches.ts'
import { requestFuzz } from './requests.ts'
import { wire } from './wire.ts'

/** Everything that is fuzzed. */
export const fuzzes: readonly Fuzz[] = [...codecs, ...patches, ...languages, ...expressionFuzz, ...requestFuzz, ...wire]
