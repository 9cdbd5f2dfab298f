import { badRequest, type FieldError, invalid } from '../../machinery/errors.ts'
import { forbiddenField, notSupportedField } from '../../machinery/field-errors.ts'
import type { Revision } from '../../store/store.ts'
import { booleanParameter, integerParameter, textParameter } from './query.ts'
import { parameterError, parseRevision, watchRevisionError } from './resource-version.ts'

/** What a list or watch asks for in its query. After apimachinery meta/internalversion ListOptions. */
export interface ListOptions {
  readonly watch: boolean
  readonly labelSelector: string
  readonly fieldSelector: string
  /** 0: no limit. */
  readonly limit: number
  readonly continue: string | undefined
  readonly resourceVersion: Revision | undefined
  readonly resourceVersionMatch: 'Exact' | 'NotOlderThan' | undefined
  readonly timeoutSeconds: number | undefined
  readonly allowWatchBookmarks: boolean
  readonly sendInitialEvents: boolean | undefined
}

/** Throws 400 for what cannot be parsed and 422 for combinations that are refused. */
export function listOptions(query: URLSearchParams, forceWatch: boolean): ListOptions {
  const watch = forceWatch || (booleanParameter(query, 'watch') ?? false)
  const resourceVersion = textParameter(query, 'resourceVersion')
  const match = textParameter(query, 'resourceVersionMatch')
  const sendInitialEvents = booleanParameter(query, 'sendInitialEvents')
  const limit = integerParameter(query, 'limit') ?? 0
  const timeoutSeconds = integerParameter(query, 'timeoutSeconds')
  const checked = { resourceVersion, match, sendInitialEvents, continued: textParameter(query, 'continue') }
  const errors = watch ? watchErrors(checked) : listErrors(checked)
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors)
  return {
    watch,
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    limit: Math.max(0, limit),
    continue: checked.continued,
    resourceVersion: revisionOf(resourceVersion, watch),
    resourceVersionMatch: match as ListOptions['resourceVersionMatch'],
    timeoutSeconds,
    allowWatchBookmarks: booleanParameter(query, 'allowWatchBookmarks') ?? false,
    sendInitialEvents,
  }
}

function revisionOf(text: string | undefined, watch: boolean): Revision | undefined {
  if (text === undefined) return undefined
  const parsed = parseRevision(text)
  if (parsed.ok) return parsed.revision
  const why = parameterError(text, parsed.why)
  throw watch ? watchRevisionError(why) : badRequest(`invalid resource version: ${why}`)
}

interface Checked {
  readonly resourceVersion: string | undefined
  readonly match: string | undefined
  readonly sendInitialEvents: boolean | undefined
  readonly continued: string | undefined
}

const match = 'resourceVersionMatch'
const notWithContinue = forbiddenField(match, 'resourceVersionMatch is forbidden when continue is provided')

function listErrors({ resourceVersion, match: value, sendInitialEvents, continued }: Checked): FieldError[] {
  const errors: FieldError[] = []
  if (value !== undefined) {
    if (resourceVersion === undefined) {
      errors.push(forbiddenField(match, 'resourceVersionMatch is forbidden unless resourceVersion is provided'))
    }
    if (continued !== undefined) errors.push(notWithContinue)
    if (value !== 'Exact' && value !== 'NotOlderThan') {
      errors.push(notSupportedField(match, value, ['Exact', 'NotOlderThan', '']))
    }
    if (value === 'Exact' && resourceVersion === '0') {
      errors.push(forbiddenField(match, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    }
  }
  if (sendInitialEvents !== undefined) {
    errors.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  }
  return errors
}

function watchErrors({ match: value, sendInitialEvents, continued }: Checked): FieldError[] {
  const errors: FieldError[] = []
  if (sendInitialEvents !== undefined && value !== 'NotOlderThan') {
    errors.push(forbiddenField(match, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'))
  }
  if (value === undefined) return errors
  if (sendInitialEvents === undefined) {
    errors.push(
      forbiddenField(match, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
    )
  }
  if (value !== 'NotOlderThan') errors.push(notSupportedField(match, value, ['NotOlderThan']))
  if (continued !== undefined) errors.push(notWithContinue)
  return errors
}
