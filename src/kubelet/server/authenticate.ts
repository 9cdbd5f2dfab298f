import type { TLSSocket } from 'node:tls'

/** Who calls the kubelet. */
export interface KubeletUser {
  readonly name: string
  readonly groups: readonly string[]
}

/**
 * The user of a verified client certificate: its common name, and its organizations as groups. Undefined without one:
 * anonymous requests are not taken. After apiserver authentication/request/x509 CommonNameUserConversion.
 */
export function userOfCertificate(socket: TLSSocket): KubeletUser | undefined {
  if (!socket.authorized) return undefined
  const subject = socket.getPeerCertificate().subject as
    | Readonly<Record<string, string | readonly string[] | undefined>>
    | undefined
  const name = [subject?.CN ?? []].flat()[0]
  if (!name) return undefined
  return { name, groups: [...[subject?.O ?? []].flat(), 'system:authenticated'] }
}
