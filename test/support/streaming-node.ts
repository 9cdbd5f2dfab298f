import type { Pod } from '../../src/api/types/core/v1.ts'
import { CertificateAuthority } from '../../src/cluster/certificates.ts'
import type { KubeletServerHost } from '../../src/kubelet/server/host.ts'
import { createKubeletServer } from '../../src/kubelet/server/server.ts'
import type { Usage } from '../../src/kubelet/server/stats.ts'
import { systemClock } from '../../src/platform/clock.ts'
import type { ClientTls } from '../../src/platform/http-upgrade.ts'
import { silentLogger } from '../../src/platform/log.ts'
import { type StreamingRuntime, startStreamingRuntime } from './streaming-runtime.ts'

/** A kubelet's server over a made-up runtime, with a Pod `web` of the container `app`. */
export interface StreamingNode {
  readonly port: number
  /** What the API server shows and trusts. */
  readonly tls: ClientTls
  /** A client certificate of somebody else. */
  readonly strangerTls: ClientTls
  close(): Promise<void>
}

export const webPod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', uid: 'uid-1' },
  spec: { nodeName: 'node-1', containers: [{ name: 'app', image: 'app' }] },
  status: {
    phase: 'Running',
    containerStatuses: [
      {
        name: 'app',
        containerID: 'containerd://c1',
        image: 'app',
        imageID: 'app',
        ready: true,
        restartCount: 0,
        state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
      },
    ],
  },
}

const usage: Usage = {
  timeMs: 1_767_225_600_000,
  startTimeMs: 1_767_225_600_000,
  usageCoreNanoSeconds: 2_500_000_000,
  memoryUsageBytes: 300,
  memoryWorkingSetBytes: 200,
  memoryRssBytes: 100,
}

export interface StreamingNodeOptions {
  /** The log of the container. */
  readonly logPath?: string
  readonly host?: Partial<KubeletServerHost>
}

export async function startStreamingNode({
  logPath = '',
  host = {},
}: StreamingNodeOptions = {}): Promise<StreamingNode> {
  const runtime = await startStreamingRuntime()
  const authority = await CertificateAuthority.create('test-ca', systemClock)
  const [serving, client, stranger] = await Promise.all([
    authority.issue({ commonName: 'node-1', names: ['127.0.0.1', 'localhost'], usage: 'server' }),
    authority.issue({
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
      usage: 'client',
    }),
    authority.issue({ commonName: 'stranger', usage: 'client' }),
  ])
  const server = createKubeletServer({
    host: { ...fakeHost(runtime, logPath), ...host },
    nodeName: 'node-1',
    certificate: serving.certificate,
    key: serving.key,
    clientCertificateAuthority: authority.pair.certificate,
    authorize: async ({ user }) => user.groups.includes('system:masters'),
    clock: systemClock,
    log: silentLogger,
  })
  const port = await server.listen(0, '127.0.0.1')
  const certificateAuthority = authority.pair.certificate
  const tlsOf = (pair: { certificate: string; key: string }): ClientTls => ({
    certificateAuthority,
    clientCertificate: pair.certificate,
    clientKey: pair.key,
  })
  return {
    port,
    tls: tlsOf(client),
    strangerTls: tlsOf(stranger),
    close: async () => {
      await server.close()
      await runtime.close()
    },
  }
}

function fakeHost(runtime: StreamingRuntime, logPath: string): KubeletServerHost {
  return {
    pods: () => [webPod],
    runningPods: async () => [webPod],
    containerLog: async () => ({ path: logPath, isRunning: async () => false }),
    execUrl: async ({ command, streams }) => runtime.urlFor(command, streams),
    attachUrl: async ({ streams }) => runtime.urlFor(['cat'], streams),
    runInContainer: async (_id, command) => Buffer.from(command.join('+')),
    networkNamespace: async () => ({ kind: 'host' }),
    stats: {
      node: async () => usage,
      pods: async () => [
        { name: 'web', namespace: 'default', uid: 'uid-1', usage, containers: [{ name: 'app', usage }] },
      ],
    },
  }
}
