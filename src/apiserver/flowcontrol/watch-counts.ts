import type { RequestInfo, WatchAnswer, WatchSink } from '../request.ts'

/**
 * How many watchers would be told of a change, by what they watch: a resource, one namespace of it, one name. After
 * apiserver util/flowcontrol/watch_tracker.go v1.36.
 */
export class WatchCounts {
  readonly #counts = new Map<string, number>()

  /** The same stream, counted until it stops. */
  counted(stream: WatchAnswer, info: RequestInfo): WatchAnswer {
    const key = keyOf(info.group, info.resource, info.namespace, info.name)
    let isOpen = true
    this.#add(key, 1)
    return {
      start: (sink: WatchSink) => stream.start(sink),
      stop: () => {
        stream.stop()
        if (!isOpen) return
        isOpen = false
        this.#add(key, -1)
      },
    }
  }

  interestedIn({ group, resource, namespace, name }: RequestInfo): number {
    if (this.#counts.size === 0) return 0
    let count = this.#of(group, resource, '', '')
    if (namespace !== '') count += this.#of(group, resource, namespace, '')
    if (name !== '') count += this.#of(group, resource, '', name)
    if (namespace !== '' && name !== '') count += this.#of(group, resource, namespace, name)
    return count
  }

  #of(group: string, resource: string, namespace: string, name: string): number {
    return this.#counts.get(keyOf(group, resource, namespace, name)) ?? 0
  }

  #add(key: string, delta: number): void {
    const count = (this.#counts.get(key) ?? 0) + delta
    if (count === 0) this.#counts.delete(key)
    else this.#counts.set(key, count)
  }
}

function keyOf(group: string, resource: string, namespace: string, name: string): string {
  return `${group}/${resource}/${namespace}/${name}`
}
