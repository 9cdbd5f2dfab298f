import { Command } from 'commander'
import { loadKubeconfig } from '../src/client/kubeconfig.ts'
import type { Credentials } from './api-connection.ts'

export interface BenchOptions {
  /** Another API server to be measured; ours, in processes of its own, if not given. */
  readonly other?: Credentials
  /** A server to be measured beside it, in the same run, so that both meet the same machine and load. */
  readonly peer?: Credentials
  /** How many objects the operations work on; the whole API part is run for each number. */
  readonly objects: readonly number[]
  readonly idleSeconds: number
  readonly parts: readonly Part[]
  readonly json?: string
}

/** What can be run on its own. */
export const parts = ['process', 'api', 'watchers', 'scheduler', 'node'] as const
export type Part = (typeof parts)[number]

interface Flags {
  readonly server?: string
  readonly token?: string
  readonly kubeconfig?: string
  readonly peerKubeconfig?: string
  readonly objects: string
  readonly idleSeconds: string
  readonly parts: string
  readonly json?: string
}

/** Reads the command line; ends the process with a sentence when it makes no sense. */
export function readOptions(args: readonly string[]): BenchOptions {
  const command = new Command('bench')
    .description('measures kubets, or the API part of any other Kubernetes API server')
    .option('--server <url>', 'measure the API server at https://host:port instead of ours')
    .option('--token <token>', 'bearer token for --server, whose certificate is not checked')
    .option('--kubeconfig <file>', 'measure the API server that this file names')
    .option('--peer-kubeconfig <file>', 'measure the API server that this file names as well, for comparison')
    .option('--objects <list>', 'how many objects to work on', '3000,30000')
    .option('--idle-seconds <seconds>', 'how long to look at an idle cluster', '30')
    .option('--parts <list>', `what to measure (${parts.join(',')})`, parts.join(','))
    .option('--json <file>', 'write the figures there, too')
  const flags = command.parse(args, { from: 'user' }).opts<Flags>()
  const positive = (name: string, text: string): number => {
    const number = Number(text)
    if (Number.isInteger(number) && number > 0) return number
    return command.error(`--${name} needs whole numbers above 0, not ${JSON.stringify(text)}`)
  }
  const objects = flags.objects.split(',').map((text) => positive('objects', text))
  if (objects.some((count) => count % 10 !== 0)) command.error('--objects needs multiples of 10')
  const other = otherServer(flags)
  return {
    objects,
    idleSeconds: positive('idle-seconds', flags.idleSeconds),
    parts: flags.parts
      .split(',')
      .map((name) => parts.find((part) => part === name) ?? command.error(`no part ${name}`)),
    ...(other && { other }),
    ...(flags.peerKubeconfig && { peer: loadKubeconfig(flags.peerKubeconfig).options }),
    ...(flags.json && { json: flags.json }),
  }
}

function otherServer({ server, token, kubeconfig }: Flags) {
  if (kubeconfig) return loadKubeconfig(kubeconfig).options
  if (!server) return undefined
  return { url: server, insecureSkipTlsVerify: true, ...(token && { token: () => token }) } satisfies Credentials
}
