import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterCertificates } from '../../src/cluster/cluster-certificates.ts'
import { renderKubeconfig } from '../../src/cluster/kubeconfig.ts'
import { freePort } from '../support/cluster-process.ts'
import { BackgroundProgram } from '../support/processes.ts'
import { upstreamProgram } from './kube-apiserver.ts'

export interface Place {
  readonly directory: string
  readonly pki: string
  readonly url: string
  readonly certificates: ClusterCertificates
}

/** The file by which one of upstream's programs finds the server, and is known to it as `user`. */
export async function writeKubeconfig(
  { directory, url, certificates }: Place,
  user: string,
  ...groups: string[]
): Promise<string> {
  const { authority } = certificates
  const credentials = await authority.issue({ commonName: user, organizations: groups, usage: 'client' })
  const path = join(directory, `${user.replaceAll(':', '-')}.kubeconfig`)
  writeFileSync(
    path,
    renderKubeconfig({ server: url, certificateAuthority: authority.pair.certificate, user, credentials }),
  )
  return path
}

/** The flags of upstream's programs, as kubeadm sets them. */
const programs: Readonly<Record<string, (place: Place) => string[]>> = {
  'kube-scheduler': () => [],
  'kube-controller-manager': ({ pki }) => [
    ...['--use-service-account-credentials', '--controllers', '*,bootstrapsigner,tokencleaner'],
    ...['--root-ca-file', join(pki, 'ca.crt'), '--service-account-private-key-file', join(pki, 'sa.key')],
    ...['--cluster-signing-cert-file', join(pki, 'ca.crt'), '--cluster-signing-key-file', join(pki, 'ca.key')],
    ...['--cluster-cidr', '10.244.0.0/16', '--allocate-node-cidrs'],
  ],
}

/** Starts a program of upstream's control plane, with an identity of its own. */
export async function startProgram(name: string, place: Place): Promise<BackgroundProgram> {
  const kubeconfig = await writeKubeconfig(place, `system:${name}`)
  const files = ['--kubeconfig', '--authentication-kubeconfig', '--authorization-kubeconfig']
  return new BackgroundProgram(upstreamProgram(name)!, [
    ...files.flatMap((flag) => [flag, kubeconfig]),
    ...['--bind-address', '127.0.0.1', '--secure-port', String(await freePort())],
    ...programs[name]!(place),
  ])
}
