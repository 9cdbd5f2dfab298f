import type { Duplex } from 'node:stream'

/**
 * The byte streams of one exec or attach, whatever carries them and from either end of it. The client writes stdin and
 * resize and reads the others, the server the other way round. After k8s.io/cri-streaming remotecommand.
 */
export interface RemoteCommandStreams {
  readonly stdin?: Duplex
  readonly stdout?: Duplex
  readonly stderr?: Duplex
  /** JSON objects `{"Width": columns, "Height": rows}` one after another. */
  readonly resize?: Duplex
  /** How the command ended, see `status.ts`. */
  readonly error: Duplex
  /** A Status as JSON, or for the oldest protocols a text that is empty on success. */
  readonly errorFormat: 'status' | 'text'
  /** Settles when the connection is over. Never rejects. */
  readonly closed: Promise<unknown>
  /** Sends what was written, then ends the connection. */
  close(): void
}

/** Which streams a client wants. */
export interface RemoteCommandOptions {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

export type StreamName = 'stdin' | 'stdout' | 'stderr' | 'resize' | 'error'

/** The streams that `options` ask for. Only a terminal has a size. */
export function wantedStreams(options: RemoteCommandOptions): StreamName[] {
  const wanted: StreamName[] = ['error']
  if (options.stdin) wanted.push('stdin')
  if (options.stdout) wanted.push('stdout')
  if (options.stderr) wanted.push('stderr')
  if (options.tty) wanted.push('resize')
  return wanted
}

/**
 * What the kubelet's query asks for (`input`, `output`, `error`, `tty`), or the text of upstream's refusal. A terminal
 * has no standard error of its own. After remotecommand.NewOptions.
 */
export function optionsOfQuery(query: URLSearchParams): RemoteCommandOptions | { readonly refused: string } {
  const asked = (name: string) => query.get(name) === '1'
  const tty = asked('tty')
  const options = { stdin: asked('input'), stdout: asked('output'), stderr: asked('error') && !tty, tty }
  if (!options.stdin && !options.stdout && !options.stderr) {
    return { refused: 'you must specify at least 1 of stdin, stdout, stderr' }
  }
  return options
}

/** The query of a kubelet's exec and attach for `options`. */
export function queryOfOptions({ stdin, stdout, stderr, tty }: RemoteCommandOptions): URLSearchParams {
  const query = new URLSearchParams()
  if (stdin) query.set('input', '1')
  if (stdout) query.set('output', '1')
  if (stderr) query.set('error', '1')
  if (tty) query.set('tty', '1')
  return query
}
