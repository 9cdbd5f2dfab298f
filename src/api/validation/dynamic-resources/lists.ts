import type { FieldError } from '../../../machinery/errors.ts'
import { duplicateField, tooManyField } from '../../../machinery/field-errors.ts'

/** Bounded lists, sets and maps. After pkg/apis/resource/validation validateSlice, validateSet and validateMap v1.36. */

export type Check<T> = (item: T, path: string, errors: FieldError[]) => void

/** Past `most` only the number is reported, so that nobody makes the server check a giant list. */
export function checkList<T>(
  items: readonly T[] | undefined,
  { most, check }: { readonly most: number; readonly check: Check<T> },
  path: string,
  errors: FieldError[],
): boolean {
  if (!items) return true
  if (items.length > most) {
    errors.push(tooManyField(path, items.length, most))
    return false
  }
  items.forEach((item, index) => {
    check(item, `${path}[${index}]`, errors)
  })
  return true
}

/** A list whose items have distinct keys; a key that comes again is shown as `shownKey` gives it. */
export function checkSet<T>(
  items: readonly T[] | undefined,
  rules: {
    readonly most: number
    readonly check: Check<T>
    readonly key: (item: T) => string
    readonly shownKey?: (item: T) => unknown
  },
  path: string,
  errors: FieldError[],
): void {
  if (!items || !checkList(items, rules, path, errors)) return
  const seen = new Set<string>()
  items.forEach((item, index) => {
    const key = rules.key(item)
    if (seen.has(key)) errors.push(duplicateField(`${path}[${index}]`, rules.shownKey ? rules.shownKey(item) : key))
    seen.add(key)
  })
}

/** Errors of keys stand at the map's path, those of values at the key, shortened to `longestKey` bytes. */
export function checkMap<T>(
  map: Readonly<Record<string, T>> | undefined,
  rules: {
    readonly most: number
    readonly longestKey: number
    readonly checkKey: Check<string>
    readonly check: Check<T>
  },
  path: string,
  errors: FieldError[],
): void {
  const entries = Object.entries(map ?? {})
  if (entries.length > rules.most) {
    errors.push(tooManyField(path, entries.length, rules.most))
    return
  }
  for (const [key, value] of entries) {
    rules.checkKey(key, path, errors)
    rules.check(value, `${path}[${shortened(key, rules.longestKey)}]`, errors)
  }
}

/** `abc…xyz`: the middle is left out. Never below 16 characters, which are too few to know a key by. */
function shortened(key: string, most: number): string {
  const length = Math.max(most, 16)
  if (key.length <= length) return key
  const kept = length - '...'.length
  return `${key.slice(0, Math.floor((kept + 1) / 2))}...${key.slice(key.length - Math.floor(kept / 2))}`
}
