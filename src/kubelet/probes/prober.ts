import type { Probe } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { expand } from '../containers/expansion.ts'
import type { Cri } from '../cri/cri.ts'
import type { ReadonlyContainer } from '../pod/pod.ts'
import { probeGrpc } from './grpc-health.ts'
import { type Outcome, probeHttp, probeTcp, resolvePort } from './handlers.ts'

export interface ProbeTarget {
  readonly probe: DeepReadonly<Probe>
  readonly container: ReadonlyContainer
  readonly containerId: string
  readonly address: string
}

/** Upstream tries again this often when a probe cannot be run at all: kubelet v1.36 prober.go. */
const maxAttempts = 3

/** Runs a probe once. Throws when it cannot be run, which counts neither for nor against the container. */
export async function runProbe(cri: Cri, target: ProbeTarget): Promise<Outcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await runOnce(cri, target)
    } catch (error) {
      if (attempt >= maxAttempts) throw error
    }
  }
}

async function runOnce(cri: Cri, { probe, container, containerId, address }: ProbeTarget): Promise<Outcome> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000
  if (probe.exec) {
    return probeExec(cri, containerId, staticCommand(probe.exec.command, container), timeoutMs)
  }
  if (probe.httpGet) {
    const port = resolvePort(probe.httpGet.port, container.ports)
    return probeHttp({ action: probe.httpGet, port, address, timeoutMs })
  }
  if (probe.tcpSocket) {
    const port = resolvePort(probe.tcpSocket.port, container.ports)
    return probeTcp(probe.tcpSocket.host || address, port, timeoutMs)
  }
  if (probe.grpc) {
    const { port, service = '' } = probe.grpc
    return probeGrpc({ host: address, port, service, timeoutMs })
  }
  throw new Error(`missing probe handler for ${container.name}`)
}

/** Only variables with a plain value are put in, as upstream does. */
function staticCommand(command: readonly string[] = [], { env = [] }: ReadonlyContainer): string[] {
  const values = new Map(env.filter(({ valueFrom }) => !valueFrom).map(({ name, value = '' }) => [name, value]))
  return command.map((part) => expand(part, (name) => values.get(name)))
}

async function probeExec(cri: Cri, containerId: string, cmd: string[], timeoutMs: number): Promise<Outcome> {
  try {
    const answer = await cri.runtime.execSync({ containerId, cmd, timeout: Math.ceil(timeoutMs / 1000) })
    const output = Buffer.concat([answer.stdout, answer.stderr]).toString('utf8')
    return { result: answer.exitCode === 0 ? 'success' : 'failure', output }
  } catch (error) {
    if (!/timeout|deadline/i.test(String(error))) throw error
    const text = `command timed out: "${cmd.join(' ')}" timed out after ${timeoutMs / 1000}s`
    return { result: 'failure', output: text }
  }
}
