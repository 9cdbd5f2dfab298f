import type { ApiConnection } from './api-connection.ts'

/** Pods that are waited for. */
export interface Running {
  /** Resolves when all of them run. */
  readonly all: Promise<void>
  close(): void
}

/** Watches a namespace until the Pods of these names run. Resolves when the watch stands, before they are there. */
export async function untilRunning(api: ApiConnection, namespace: string, names: readonly string[]): Promise<Running> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const stopping = new AbortController()
  const missing = new Set(names)
  const see = (line: string) => {
    const { object } = JSON.parse(line) as { object: { metadata: { name: string }; status?: { phase?: string } } }
    if (object.status?.phase === 'Running') missing.delete(object.metadata.name)
    if (missing.size === 0) resolve()
  }
  await api.watch(`/api/v1/namespaces/${namespace}/pods?watch=true`, see, stopping.signal)
  return { all: promise, close: () => stopping.abort() }
}
