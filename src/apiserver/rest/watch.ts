import { expired, internalError } from '../../machinery/errors.ts'
import { apiVersionOf, type DeepReadonly, type KubeObject } from '../../machinery/object.ts'
import type { Status } from '../../machinery/status.ts'
import type { Timer } from '../../platform/clock.ts'
import type { Change, Entry, Revision } from '../../store/store.ts'
import type { Answer, WatchAnswer, WatchSink } from '../request.ts'
import { newestState } from '../watch-cache/state-at.ts'
import { ConvertedChanges } from './converted-changes.ts'
import { type ListOptions, listOptions } from './list-options.ts'
import { collectionPrefix, objectStoreKey, type ResourceRequest } from './resource-request.ts'
import { eventTransform, responseForm } from './response-form.ts'
import { type Selection, selectionOf } from './selection.ts'
import { type ServedObject, servedObject } from './stored-object.ts'

const initialEventsEnd = { 'k8s.io/initial-events-end': 'true' }

/** A watch of a collection, or of one object by its name in a field selector. */
export async function watch(request: ResourceRequest): Promise<Answer> {
  const { context, definition, services, namespace, name } = request
  const form = responseForm(context)
  const options = listOptions(context.query, true)
  const selection = selectionOf(definition, options, name)
  const transform = eventTransform({ definition, form }, () => services.clock.nowMs())
  const prefix = watchedPrefix(request, selection, namespace)
  return { kind: 'watch', stream: new ObjectWatch({ request, options, selection, prefix, transform }) }
}

/** What one name selects lies under one key; everything else under the collection's prefix. */
function watchedPrefix({ definition }: ResourceRequest, { name, namespace }: Selection, requested: string): string {
  const where = requested || (namespace ?? '')
  if (name === undefined || (definition.namespaced && where === '')) return collectionPrefix(definition, requested)
  return objectStoreKey(definition, where, name)
}

interface ObjectWatchOptions {
  readonly request: ResourceRequest
  readonly options: ListOptions
  readonly selection: Selection
  /** Of the keys to watch. May let through more than the selection does. */
  readonly prefix: string
  readonly transform: ((object: DeepReadonly<KubeObject>) => DeepReadonly<KubeObject>) | undefined
}

/**
 * Turns the store's changes into the events of one watcher. What the events carry is shared: every watcher of a kind
 * hands the same object with the same encodings to its sink. After apiserver storage/cacher v1.36.
 */
class ObjectWatch implements WatchAnswer {
  readonly #options: ObjectWatchOptions
  readonly #stops: (() => void)[] = []
  /** Set where events wait for a webhook that converts what they show. */
  readonly #converted: ConvertedChanges | undefined
  #sink: WatchSink | undefined
  #bookmarked: Revision = 0

  constructor(options: ObjectWatchOptions) {
    this.#options = options
    const { definition } = options.request
    if (!definition.conversion?.remote) return
    this.#converted = new ConvertedChanges({ definition, onFailure: ({ status }) => this.#failWith(status) })
    this.#stops.push(() => this.#converted!.stop())
  }

  start(sink: WatchSink): void {
    this.#sink = sink
    const { options, prefix, request } = this.#options
    const { store } = request.services
    const initial = this.#wantsInitialEvents()
    const after = initial ? this.#sendInitialEvents() : this.#startRevision()
    // It may have failed already.
    if (!this.#sink) return
    const started = store.watch({
      prefix,
      after: Math.min(after, store.revision),
      onChanges: (changes) => this.#onChanges(changes, after),
      onEnd: () => this.#end(),
    })
    if (!started.ok) {
      this.#fail(after, store.compactRevision)
      return
    }
    this.#stops.push(started.cancel)
    if (options.allowWatchBookmarks) this.#stops.push(request.services.bookmarks.add(() => this.#bookmark()))
    this.#endWithDefinition(request)
    this.#startTimeout()
  }

  stop(): void {
    this.#sink = undefined
    for (const stop of this.#stops.splice(0)) stop()
  }

  /** Without a version, or with 0, a watch begins with what there is, unless it says otherwise. */
  #wantsInitialEvents(): boolean {
    const { sendInitialEvents, resourceVersion } = this.#options.options
    return sendInitialEvents ?? (resourceVersion === undefined || resourceVersion === 0)
  }

  #startRevision(): Revision {
    return this.#options.options.resourceVersion || this.#options.request.services.store.revision
  }

  #sendInitialEvents(): Revision {
    const { request, selection, prefix, options } = this.#options
    const state = newestState(request.services.store, prefix)
    const sendAll = () => {
      try {
        for (const entry of state.from(prefix)) {
          const served = servedObject(entry, request.definition)
          if (selection.matches(served.object)) this.#send('ADDED', served)
        }
        if (options.allowWatchBookmarks) this.#sendBookmark(state.revision, initialEventsEnd)
      } catch (error) {
        this.#failUnreadable(error)
      }
    }
    if (this.#converted) this.#converted.push([...state.from(prefix)], sendAll)
    else sendAll()
    return state.revision
  }

  #onChanges(changes: readonly Change[], after: Revision): void {
    for (const change of changes) {
      // A watch from a version of the future is silent until the store has reached it.
      if (change.revision <= after || !this.#sink) continue
      if (this.#converted) this.#converted.push(this.#shown(change), () => this.#onChange(change))
      else this.#onChange(change)
    }
  }

  /** What has to be looked at for a change. */
  #shown({ entry, previous }: Change): readonly Entry[] {
    return previous && !this.#options.selection.empty ? [entry, previous] : [entry]
  }

  #onChange(change: Change): void {
    try {
      this.#show(change)
    } catch (error) {
      this.#failUnreadable(error)
    }
  }

  /** An object whose key is lost ends the watch with a word. After etcd3 watcher.go. */
  #failUnreadable(error: unknown): void {
    this.#failWith(internalError(error).status)
  }

  /** An object that begins or ceases to be selected is added or deleted, as far as this watcher can know. */
  #show({ type, entry, previous, revision }: Change): void {
    const now = type === 'put' ? this.#selected(entry) : undefined
    if (now && this.#options.selection.empty) {
      this.#send(previous ? 'MODIFIED' : 'ADDED', now)
      return
    }
    const before = this.#selected(type === 'put' ? previous : entry)
    if (now) this.#send(before ? 'MODIFIED' : 'ADDED', now)
    else if (before) this.#send('DELETED', before.at(revision))
  }

  #selected(entry: Entry | undefined): ServedObject | undefined {
    if (!entry) return undefined
    const served = servedObject(entry, this.#options.request.definition)
    return this.#options.selection.matches(served.object) ? served : undefined
  }

  #send(type: string, served: ServedObject): void {
    const { transform } = this.#options
    if (transform) this.#sink?.event({ type, object: transform(served.object) })
    else this.#sink?.event(served.event(type))
  }

  /** Everything up to the store's revision has been delivered: changes come as they become visible. */
  #bookmark(): void {
    const { revision } = this.#options.request.services.store
    if (revision <= this.#bookmarked) return
    if (this.#converted) this.#converted.push([], () => this.#sendBookmark(revision))
    else this.#sendBookmark(revision)
  }

  #sendBookmark(revision: Revision, annotations?: Record<string, string>): void {
    this.#bookmarked = revision
    const { kind, ...groupVersion } = this.#options.request.definition
    const metadata = { resourceVersion: String(revision), ...(annotations ? { annotations } : {}) }
    const object = { kind, apiVersion: apiVersionOf(groupVersion), metadata }
    const { transform } = this.#options
    this.#sink?.event({ type: 'BOOKMARK', object: transform ? transform(object) : object })
  }

  /** What a custom resource looks like has changed, or it is gone: the client is to begin anew. */
  #endWithDefinition({ definition: { custom } }: ResourceRequest): void {
    if (!custom) return
    const end = () => this.#end()
    custom.retired.addEventListener('abort', end, { once: true })
    this.#stops.push(() => custom.retired.removeEventListener('abort', end))
  }

  #startTimeout(): void {
    const { clock, random, minWatchSeconds } = this.#options.request.services
    const seconds = this.#options.options.timeoutSeconds || minWatchSeconds + random(minWatchSeconds)
    const timer: Timer = clock.setTimer(seconds * 1_000, () => this.#end()).unref()
    this.#stops.push(() => timer.cancel())
  }

  #fail(wanted: Revision, oldest: Revision): void {
    this.#failWith(expired(`too old resource version: ${wanted} (${oldest})`).status)
  }

  #failWith(status: Status): void {
    this.#sink?.event({ type: 'ERROR', object: status })
    this.#end()
  }

  #end(): void {
    const sink = this.#sink
    this.stop()
    sink?.end()
  }
}
