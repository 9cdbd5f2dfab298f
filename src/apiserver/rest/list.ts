import { badRequest, expired } from '../../machinery/errors.ts'
import type { StatusError } from '../../machinery/status.ts'
import type { Entry } from '../../store/store.ts'
import type { Answer, ListAnswer } from '../request.ts'
import { type CollectionState, newestState, stateAt } from '../watch-cache/state-at.ts'
import { type ContinueToken, decodeContinue, encodeContinue } from './continue-token.ts'
import { type ListOptions, listOptions } from './list-options.ts'
import { convertEntries, servedEntry } from './remote-conversion.ts'
import { collectionPrefix, objectStoreKey, type ResourceRequest } from './resource-request.ts'
import { assertSeen } from './resource-version.ts'
import { listAnswer, responseForm } from './response-form.ts'
import { type Selection, selectionOf } from './selection.ts'
import { type ServedObject, servedObject } from './stored-object.ts'

const listExpired = 'The resourceVersion for the provided list is too old.'
const continueExpired =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
  'deleted between the time the first chunk was returned and now may show up in the list.'

/** GET of a collection. */
export async function list(request: ResourceRequest): Promise<Answer> {
  const { context, definition, services } = request
  const form = responseForm(context)
  const options = listOptions(context.query, false)
  const { metadata, items } = await selectedObjects(request, options)
  return listAnswer(metadata, items, { definition, form, nowMs: services.clock.nowMs() })
}

export interface SelectedObjects {
  readonly metadata: ListAnswer['metadata']
  readonly items: readonly ServedObject[]
}

/** One page of a collection: what selectors let through, of the state that the options ask for. */
export async function selectedObjects(request: ResourceRequest, options: ListOptions): Promise<SelectedObjects> {
  const { definition, namespace } = request
  const selection = selectionOf(definition, options)
  const prefix = collectionPrefix(definition, namespace)
  const token = continueToken(options)
  const state = await wantedState(request, options, prefix, token)
  // Upstream's watch cache, which answers "any version will do", knows no pages.
  const limit = options.resourceVersion === 0 ? 0 : options.limit
  if (selection.name !== undefined && !token) return byName(request, state, selection)
  const wanted = { request, state, selection, limit, prefix, start: prefix + (token?.startKey ?? '') }
  if (definition.conversion?.remote) await convertEntries(pageEntries(wanted), definition)
  return page(wanted)
}

function continueToken(options: ListOptions): ContinueToken | undefined {
  if (options.continue === undefined) return undefined
  const token = decodeContinue(options.continue)
  if (options.resourceVersion !== undefined && options.resourceVersion !== 0) {
    throw badRequest('specifying resource version is not allowed when using continue')
  }
  return token
}

async function wantedState(
  { services: { store } }: ResourceRequest,
  { resourceVersion, resourceVersionMatch, limit }: ListOptions,
  prefix: string,
  token: ContinueToken | undefined,
): Promise<CollectionState> {
  if (token?.revision !== undefined) {
    const state = token.revision <= store.revision ? stateAt(store, prefix, token.revision) : undefined
    if (!state) throw expiredContinue(token)
    return state
  }
  if (resourceVersion === undefined) {
    await store.fresh()
    return newestState(store, prefix)
  }
  assertSeen(store, resourceVersion)
  // A page of a version is a page of just that version, unless the client says otherwise.
  const exact = resourceVersionMatch === 'Exact' || (resourceVersionMatch === undefined && limit > 0)
  if (!exact || resourceVersion === 0) return newestState(store, prefix)
  const state = stateAt(store, prefix, resourceVersion)
  if (!state) throw expired(listExpired)
  return state
}

/** 410 with a token that goes on from the same place in the newest state. */
function expiredContinue({ startKey }: ContinueToken): StatusError {
  const error = expired(continueExpired)
  error.status.metadata.continue = encodeContinue({ revision: undefined, startKey })
  return error
}

/** `metadata.name=x` needs no look at the others, but where a namespace is not given. */
async function byName(
  { definition, namespace }: ResourceRequest,
  state: CollectionState,
  selection: Selection,
): Promise<SelectedObjects> {
  const metadata = { resourceVersion: String(state.revision) }
  const name = selection.name!
  const where = namespace || (selection.namespace ?? '')
  if (definition.namespaced && where === '') {
    const entries = [...state.from(collectionPrefix(definition, ''))]
    await convertEntries(entries, definition)
    const items = entries
      .map((entry) => servedObject(entry, definition))
      .filter(({ object }) => selection.matches(object))
    return { metadata, items }
  }
  const key = objectStoreKey(definition, where, name)
  const [entry] = state.from(key)
  if (entry?.key !== key) return { metadata, items: [] }
  const served = await servedEntry(entry, definition)
  return { metadata, items: selection.matches(served.object) ? [served] : [] }
}

interface PageOptions {
  readonly request: ResourceRequest
  readonly state: CollectionState
  readonly selection: Selection
  /** 0: everything. */
  readonly limit: number
  readonly prefix: string
  readonly start: string
}

/** All that a page may show; which of it a selector lets through is known only afterwards. */
function pageEntries({ state, selection, limit, start }: PageOptions): readonly Entry[] {
  const entries = state.from(start)
  return limit > 0 && selection.empty ? Iterator.from(entries).take(limit).toArray() : [...entries]
}

function page({ request, state, selection, limit, prefix, start }: PageOptions): SelectedObjects {
  const items: ServedObject[] = []
  let lastKey: string | undefined
  for (const entry of state.from(start)) {
    if (limit > 0 && items.length === limit) {
      return { items, metadata: metadataWithMore(state, selection, prefix, lastKey!) }
    }
    const served = servedObject(entry, request.definition)
    if (!selection.matches(served.object)) continue
    items.push(served)
    lastKey = entry.key
  }
  return { items, metadata: { resourceVersion: String(state.revision) } }
}

function metadataWithMore(state: CollectionState, selection: Selection, prefix: string, lastKey: string) {
  const next = `${lastKey}\0`
  return {
    resourceVersion: String(state.revision),
    continue: encodeContinue({ revision: state.revision, startKey: next.slice(prefix.length) }),
    // With a selector nobody knows how many of the rest it lets through.
    ...(selection.empty ? { remainingItemCount: state.countFrom(next) } : {}),
  }
}
