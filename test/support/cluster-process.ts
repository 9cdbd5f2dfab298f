import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node'
import { type TestImage, writeImage } from './images.ts'
import { BackgroundProgram, type Finished, finished, output, type ProgramOptions } from './processes.ts'

const projectDirectory = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
/** The bundle that `npm start` runs; `npm test` has built it. */
export const kubetsProgram = join(projectDirectory, 'dist', 'kubets.js')

export interface ClusterProcessOptions {
  /** More flags of `kubets up`. */
  readonly flags?: readonly string[]
  /** Brought onto the nodes once they are Ready. */
  readonly images?: readonly TestImage[]
}

/** Runs the real command line with these arguments, to its end. */
export function runKubets(args: readonly string[], options?: ProgramOptions): Promise<Finished> {
  return finished(process.execPath, [kubetsProgram, ...args], options)
}

/** A real cluster: `kubets up` as a process, in a data directory of its own. `close` removes all there is. */
export class ClusterProcess {
  readonly directory = mkdtempSync(join(tmpdir(), 'kubets-e2e-'))
  readonly dataDir: string
  readonly kubeconfig: string
  readonly port: number
  readonly nodeName = 'e2e'
  readonly #flags: readonly string[]
  readonly #background: BackgroundProgram[] = []
  #server: BackgroundProgram | undefined

  constructor(port: number, flags: readonly string[] = [], dataDir?: string) {
    this.port = port
    this.dataDir = dataDir ?? join(this.directory, 'data')
    this.kubeconfig = join(this.dataDir, 'admin.kubeconfig')
    this.#flags = flags
  }

  /** Starts `kubets up` and waits until it says that all is up; `more` flags go before those of the cluster. */
  async up(more: readonly string[] = []): Promise<BackgroundProgram> {
    const flags = ['--port', String(this.port), '--node-name', this.nodeName, ...this.#flags, ...more]
    this.#server = new BackgroundProgram(process.execPath, [kubetsProgram, 'up', '--data-dir', this.dataDir, ...flags])
    await this.#server.untilPrinted(/Ctrl-C ends kubets/)
    return this.#server
  }

  /** Ctrl-C: Pods stay. */
  async interrupt(): Promise<number | undefined> {
    return this.#server?.stop('SIGINT')
  }

  /** kill -9. Its agents and Pods go on. */
  async killServer(): Promise<void> {
    await this.#server?.stop('SIGKILL')
  }

  /** Any command but `up`, about this cluster. Throws when it fails. */
  kubets(...args: string[]): Promise<string> {
    return output(process.execPath, [kubetsProgram, ...args, '--data-dir', this.dataDir])
  }

  /** Like `kubets`, whatever the exit code. */
  kubetsFinished(args: readonly string[], options?: ProgramOptions): Promise<Finished> {
    return runKubets([...args, '--data-dir', this.dataDir], options)
  }

  async importImage(image: TestImage): Promise<void> {
    const archive = writeImage(image, this.directory)
    try {
      await this.kubets('image', 'import', archive)
    } finally {
      rmSync(archive)
    }
  }

  /** Runs kubectl and answers what it printed. Throws when it fails. */
  kubectl(...args: string[]): Promise<string> {
    return output('kubectl', args, { env: this.#environment() })
  }

  /** Runs kubectl, whatever its exit code. */
  kubectlFinished(args: readonly string[], options: ProgramOptions = {}): Promise<Finished> {
    return finished('kubectl', args, { ...options, env: { ...this.#environment(), ...options.env } })
  }

  /** Runs kubectl until `close` or its own end. */
  kubectlInBackground(...args: string[]): BackgroundProgram {
    return this.inBackground('kubectl', args)
  }

  /** Runs a program with this cluster's kubeconfig until `close` or its own end. */
  inBackground(program: string, args: readonly string[]): BackgroundProgram {
    const running = new BackgroundProgram(program, args, { env: this.#environment() })
    this.#background.push(running)
    return running
  }

  /** `kubectl apply -f` of a manifest that is only text. */
  async apply(manifest: string): Promise<string> {
    return output('kubectl', ['apply', '-f', '-'], { env: this.#environment(), input: manifest })
  }

  /** Writes a file that lives as long as the cluster; answers its path. */
  writeFile(name: string, content: string): string {
    const path = join(this.directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    return path
  }

  /** The independent client. */
  coreApi(): CoreV1Api {
    return this.config().makeApiClient(CoreV1Api)
  }

  config(): KubeConfig {
    const config = new KubeConfig()
    config.loadFromFile(this.kubeconfig)
    return config
  }

  /** Ends and removes everything: processes, Pods, namespaces, rules, files. Also after a start that failed. */
  async close(): Promise<void> {
    try {
      await Promise.all(this.#background.map((running) => running.stop('SIGKILL')))
      await this.#server?.stop('SIGINT')
      await this.kubets('down', '--purge')
    } finally {
      rmSync(this.directory, { recursive: true, force: true })
    }
  }

  #environment(): Record<string, string> {
    return { KUBECONFIG: this.kubeconfig, HOME: this.directory }
  }
}

/** Starts a cluster and waits until its nodes are Ready and hold the images. */
export async function startClusterProcess({ flags, images = [] }: ClusterProcessOptions = {}): Promise<ClusterProcess> {
  const cluster = new ClusterProcess(await freePort(), flags)
  try {
    await cluster.up()
    for (const image of images) await cluster.importImage(image)
    return cluster
  } catch (error) {
    await cluster.close()
    throw error
  }
}

/**
 * Arguments of `setpriv` that run kubets as a user without rights, from a copy in `directory`: the project's own folder
 * may be root's alone.
 */
export function asNobody(directory: string): string[] {
  chmodSync(directory, 0o777)
  const [node, program] = [join(directory, 'node'), join(directory, 'program')]
  cpSync(process.execPath, node)
  cpSync(dirname(kubetsProgram), program, { recursive: true })
  writeFileSync(join(program, 'package.json'), '{ "type": "module" }\n')
  return ['--reuid=65534', '--regid=65534', '--clear-groups', node, join(program, 'kubets.js')]
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
