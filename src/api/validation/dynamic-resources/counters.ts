import type { FieldError } from '../../../machinery/errors.ts'
import { requiredField } from '../../../machinery/field-errors.ts'
import { checkMap } from './lists.ts'
import { checkLabelName } from './names.ts'

const maxCounters = 32
const longestName = 63

/** Counters by name, at least one. Any amount will do. */
export function checkCounters(
  counters: Readonly<Record<string, object>> | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (Object.keys(counters ?? {}).length === 0) return void errors.push(requiredField(path))
  const rules = { most: maxCounters, longestKey: longestName, checkKey: checkLabelName, check: () => undefined }
  checkMap(counters, rules, path, errors)
}
