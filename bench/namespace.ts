import { randomUUID } from 'node:crypto'
import type { ApiConnection } from './api-connection.ts'

/**
 * Runs `use` with a new namespace and removes it. Its service account is made here if no controller does: Pods need it,
 * and an API server alone has no controllers. Answers what `use` answers.
 */
export async function inNewNamespace<T>(api: ApiConnection, use: (namespace: string) => Promise<T>): Promise<T> {
  const name = `bench-${randomUUID().slice(0, 8)}`
  await api.send('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  try {
    await api.ensure(`/api/v1/namespaces/${name}/serviceaccounts`, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default' },
    })
    return await use(name)
  } finally {
    await api.send('DELETE', `/api/v1/namespaces/${name}`)
  }
}
