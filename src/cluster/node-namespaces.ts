import { existsSync, readFileSync } from 'node:fs'
import { runProgram } from '../platform/run-program.ts'

/**
 * Several nodes on one machine: each beyond the first has a network namespace of its own, joined to the host by a
 * bridge, so that Pods of different nodes reach each other over real routes. Everything here can be run again.
 */
const bridge = 'kubets0'
const bridgeTable = 'ip kubets-nodes'
const subnet = '172.29.0'
/** The host's address on the bridge, and the first node's. */
export const bridgeAddress = `${subnet}.1`

export interface NodeNamespace {
  readonly name: string
  readonly path: string
  readonly address: string
}

/** The namespace of the node with this number, counted from 2. Node 1 lives in the host's own. */
export function nodeNamespace(nodeName: string, number: number): NodeNamespace {
  const name = `kubets-${nodeName}`
  return { name, path: `/run/netns/${name}`, address: `${subnet}.${number}` }
}

/** Makes the bridge and lets what leaves the machine through it carry the machine's own address. */
export async function createBridge(): Promise<void> {
  if (!linkExists(bridge)) await ip('link', 'add', bridge, 'type', 'bridge')
  await ip('address', 'replace', `${bridgeAddress}/24`, 'dev', bridge)
  await ip('link', 'set', bridge, 'up')
  const statements = [
    `add table ${bridgeTable}`,
    `delete table ${bridgeTable}`,
    `add table ${bridgeTable}`,
    `add chain ${bridgeTable} nat-postrouting { type nat hook postrouting priority 101 ; }`,
    `add rule ${bridgeTable} nat-postrouting ip saddr ${subnet}.0/24 oifname != "${bridge}" masquerade`,
  ]
  await runProgram('nft', ['-f', '-'], { input: `${statements.join('\n')}\n` })
}

/** Makes a node's namespace with its link to the bridge, unless it is there. */
export async function createNodeNamespace({ name, path, address }: NodeNamespace, number: number): Promise<void> {
  if (existsSync(path)) return
  const hostEnd = `kubets-n${number}`
  // A namespace that was removed lives on, link and all, as long as a process is in it.
  if (linkExists(hostEnd)) await ip('link', 'delete', hostEnd)
  await ip('netns', 'add', name)
  try {
    await ip('link', 'add', hostEnd, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    await ip('link', 'set', hostEnd, 'master', bridge, 'up')
    // Where bridged packets pass the host's rules (br_netfilter), a node port may lead back to the node it came from.
    await ip('link', 'set', hostEnd, 'type', 'bridge_slave', 'hairpin', 'on')
    await ip('-n', name, 'link', 'set', 'lo', 'up')
    await ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'eth0')
    await ip('-n', name, 'link', 'set', 'eth0', 'up')
    await ip('-n', name, 'route', 'add', 'default', 'via', bridgeAddress)
  } catch (error) {
    await ip('netns', 'delete', name)
    throw error
  }
}

/** Removes the namespaces, which takes their links along, then bridge and rules. Does nothing where there is nothing. */
export async function removeNodeNamespaces(namespaces: readonly NodeNamespace[]): Promise<void> {
  for (const { name, path } of namespaces) if (existsSync(path)) await ip('netns', 'delete', name)
  if (linkExists(bridge)) {
    await ip('link', 'delete', bridge)
    await runProgram('nft', ['-f', '-'], { input: `add table ${bridgeTable}\ndelete table ${bridgeTable}\n` })
  }
}

/** By /proc, which shows this process's network; /sys shows that of whoever mounted it. */
function linkExists(link: string): boolean {
  return new RegExp(`^ *${link}:`, 'm').test(readFileSync('/proc/self/net/dev', 'utf8'))
}

function ip(...args: string[]): Promise<string> {
  return runProgram('ip', args)
}
