import { randomUUID } from 'node:crypto'
import { define } from '../define.ts'
import type { LimitRange, LimitRangeItem } from '../types/core/v1.ts'
import { limitRanges } from '../types/resources.ts'
import { validateLimitRange } from '../validation/limit-range.ts'
import { roundUpToMilli } from './pod-spec-defaults.ts'

function applyDefaults({ spec }: LimitRange): void {
  for (const item of spec?.limits ?? []) {
    for (const list of [item.max, item.min, item.default, item.defaultRequest, item.maxLimitRequestRatio]) {
      roundUpToMilli(list)
    }
    if (item.type === 'Container') applyItemDefaults(item)
  }
}

/** What is at most is also the default limit; that, and what is at least, the default request. */
function applyItemDefaults(item: LimitRangeItem): void {
  item.default = { ...item.max, ...item.default }
  item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest }
  if (Object.keys(item.default).length === 0) delete item.default
  if (Object.keys(item.defaultRequest).length === 0) delete item.defaultRequest
}

/** Of all kinds only this one may be without a name. */
function nameByItself(draft: LimitRange): void {
  draft.metadata ??= {}
  draft.metadata.name ||= randomUUID()
}

export const limitRange = define(limitRanges, {
  prepareForCreate: nameByItself,
  validate: validateLimitRange,
  validateUpdate: validateLimitRange,
  metadataChecksOnUpdate: ['whole'],
  applyDefaults,
  allowCreateOnUpdate: true,
})
