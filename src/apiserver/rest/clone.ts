import type { DeepReadonly } from '../../machinery/object.ts'
import { setOwn } from '../../machinery/own-member.ts'

/** A copy of a JSON value that may be written to. Several times as fast as `structuredClone`, which knows more forms. */
export function cloneDraft<T>(value: DeepReadonly<T> | T): T {
  if (typeof value !== 'object' || value === null) return value as T
  if (Array.isArray(value)) return value.map((item) => cloneDraft(item)) as T
  const copy: Record<string, unknown> = {}
  const fields = value as Record<string, unknown>
  for (const key in fields) {
    const field = fields[key]
    setOwn(copy, key, typeof field === 'object' && field !== null ? cloneDraft(field) : field)
  }
  return copy as T
}
