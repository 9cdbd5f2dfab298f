import { runProgram } from '../../../src/platform/run-program.ts'
import { Peer } from './peer.ts'

/** Network namespaces of one test, with processes in them; `close` leaves nothing behind. */
export class Namespaces {
  readonly #prefix: string
  readonly #names: string[] = []
  readonly #peers: Peer[] = []

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** Makes a namespace with its loopback up; answers its full name. */
  async add(name: string, options: { forwards?: boolean } = {}): Promise<string> {
    const full = `${this.#prefix}-${name}`
    await runProgram('ip', ['netns', 'add', full])
    this.#names.push(full)
    await this.ip(full, 'link', 'set', 'lo', 'up')
    if (options.forwards) await this.run(full, 'tee', ['/proc/sys/net/ipv4/ip_forward'], '1\n')
    return full
  }

  ip(namespace: string, ...args: string[]): Promise<string> {
    return runProgram('ip', ['-n', namespace, ...args])
  }

  run(namespace: string, program: string, args: readonly string[], input = ''): Promise<string> {
    return runProgram('ip', ['netns', 'exec', namespace, program, ...args], { input })
  }

  async peer(namespace: string, name?: string): Promise<Peer> {
    const peer = await Peer.start(namespace, name)
    this.#peers.push(peer)
    return peer
  }

  /** A Pod as CNI's ptp makes it: one address, everything else through the node. */
  async addPod(node: string, name: string, address: string): Promise<string> {
    const gateway = '169.254.1.1'
    const pod = await this.add(name)
    await this.ip(node, 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pod)
    await this.ip(node, 'address', 'add', `${gateway}/32`, 'dev', name)
    await this.ip(node, 'link', 'set', name, 'up')
    await this.ip(node, 'route', 'add', `${address}/32`, 'dev', name)
    await this.ip(pod, 'address', 'add', `${address}/32`, 'dev', 'eth0')
    await this.ip(pod, 'link', 'set', 'eth0', 'up')
    await this.ip(pod, 'route', 'add', gateway, 'dev', 'eth0')
    await this.ip(pod, 'route', 'add', 'default', 'via', gateway)
    return pod
  }

  /** Joins two namespaces by one cable, each with its address in one /24. */
  async join(a: string, addressOfA: string, b: string, addressOfB: string): Promise<void> {
    await this.ip(a, 'link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'cable', 'netns', b)
    await this.ip(a, 'address', 'add', `${addressOfA}/24`, 'dev', 'cable')
    await this.ip(b, 'address', 'add', `${addressOfB}/24`, 'dev', 'cable')
    await this.ip(a, 'link', 'set', 'cable', 'up')
    await this.ip(b, 'link', 'set', 'cable', 'up')
  }

  async close(): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer.close()))
    for (const name of this.#names) await runProgram('ip', ['netns', 'delete', name])
  }
}
