import { stringify } from 'yaml'
import type { KeyPair } from './certificates.ts'

export interface KubeconfigOptions {
  readonly server: string
  readonly certificateAuthority: string
  readonly user: string
  readonly credentials: KeyPair | { readonly token: string }
  readonly cluster?: string
}

/** A kubeconfig with one cluster, one user and one context, everything it needs inside it. */
export function renderKubeconfig(options: KubeconfigOptions): string {
  const { server, certificateAuthority, user, credentials, cluster = 'kubets' } = options
  const context = `${user}@${cluster}`
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: cluster, cluster: { server, 'certificate-authority-data': base64(certificateAuthority) } }],
      users: [{ name: user, user: userEntry(credentials) }],
      contexts: [{ name: context, context: { cluster, user } }],
      'current-context': context,
      preferences: {},
    },
    { lineWidth: 0 },
  )
}

function userEntry(credentials: KubeconfigOptions['credentials']): Record<string, string> {
  if ('token' in credentials) return { token: credentials.token }
  return {
    'client-certificate-data': base64(credentials.certificate),
    'client-key-data': base64(credentials.key),
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
