import { type Clock, systemClock } from '../../src/platform/clock.ts'
import { silentLogger } from '../../src/platform/log.ts'
import { defaultRetention, StoreMemory } from '../../src/store/memory/store-memory.ts'
import type { Store, Write, WriteResult } from '../../src/store/store.ts'

/** A store that writes nowhere, for tests of what stands on it: the engines' own memory, without a file behind it. */
export function createMemoryStore(clock: Clock = systemClock): Store {
  const memory = new StoreMemory({
    clock,
    log: silentLogger,
    retention: defaultRetention,
    progressIntervalMs: 5_000,
    onCompacted: () => {},
  })
  // Real engines never answer revision 0, and clients take it for "any".
  memory.startAt({ revision: 1, compactRevision: 0 })
  const write = async ({ key, value, expected, attachment }: Write): Promise<WriteResult> => {
    const current = memory.get(key)
    const isMissing = value === undefined && !current
    if ((current?.revision ?? 0) !== expected || isMissing) return { ok: false, reason: 'Conflict', current }
    const revision = memory.revision + 1
    const [change] = memory.commit([{ key, value, revision, attachment }], revision)
    return { ok: true, entry: change!.entry, revision }
  }
  return {
    get revision() {
      return memory.revision
    },
    get compactRevision() {
      return memory.compactRevision
    },
    get: (key) => memory.get(key),
    snapshot: () => memory.snapshot(),
    fresh: async () => memory.revision,
    write,
    watch: (options) => memory.watch(options),
    compact: async (revision) => memory.compact(revision),
    backup: async () => {},
    stats: async () => ({ engine: 'sqlite', keys: memory.keys, liveBytes: memory.liveBytes, fileBytes: 0 }),
    close: async () => memory.close(new Error('the store is closed')),
  }
}
