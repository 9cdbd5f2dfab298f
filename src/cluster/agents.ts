import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../platform/clock.ts'
import { makePrivateDirectory, writeFileAtomically } from '../platform/files.ts'
import type { Logger } from '../platform/log.ts'
import { type AgentConfig, agentConfigFile, agentSocket } from './agent-config.ts'
import { control, gone, isListening } from './control-socket.ts'
import { kubetsProgram } from './program.ts'
import { kubetsVersion } from './version.ts'

/** How an agent's process is started: this program, possibly inside another network namespace. */
export interface AgentLaunch {
  readonly config: AgentConfig
  readonly networkNamespacePath: string | undefined
  readonly logFile: string
}

export interface AgentsOptions {
  readonly launches: readonly AgentLaunch[]
  readonly clock: Clock
  readonly log: Logger
}

const firstRestartMs = 100
const longestRestartMs = 10_000
/** An agent that ran this long was well: its next restart is quick again. */
const wellAfterMs = 30_000
const startTimeoutMs = 15_000

/**
 * Keeps one agent a node running until `signal` aborts. An agent of an earlier run that is still alive, with the same
 * configuration, is taken over as it is: Pods, Services and DNS on the node never notice that the server was away.
 * When `signal` aborts the agents are left alone; `stopAgents` ends them.
 */
export async function superviseAgents({ launches, clock, log }: AgentsOptions, signal: AbortSignal): Promise<void> {
  await Promise.all(launches.map((launch) => superviseAgent(launch, clock, log, signal)))
}

async function superviseAgent(launch: AgentLaunch, clock: Clock, log: Logger, signal: AbortSignal): Promise<void> {
  const socket = agentSocket(launch.config.directory)
  let restartMs = firstRestartMs
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs()
    if (!(await isTheSame(launch))) await startAgent(launch, clock, signal)
    await gone(socket, signal)
    if (signal.aborted) return
    if (clock.monotonicMs() - startedMs > wellAfterMs) restartMs = firstRestartMs
    log.warn('an agent ended, starting it again', { node: launch.config.nodeName, restartMs })
    await clock.sleep(restartMs, signal)
    restartMs = Math.min(longestRestartMs, restartMs * 2)
  }
}

/** Whether a living agent runs with this very program and configuration; one with another is told to end. */
async function isTheSame({ config }: AgentLaunch): Promise<boolean> {
  const socket = agentSocket(config.directory)
  try {
    const { digest } = (await control(socket, { command: 'status' })) as { digest?: string }
    if (digest === configDigest(config)) return true
    await control(socket, { command: 'stop' })
    await gone(socket, AbortSignal.timeout(startTimeoutMs))
  } catch {
    // Nobody listens: there is none.
  }
  return false
}

async function startAgent(launch: AgentLaunch, clock: Clock, signal: AbortSignal): Promise<void> {
  const { config, networkNamespacePath, logFile } = launch
  makePrivateDirectory(config.directory)
  const file = agentConfigFile(config.directory)
  writeFileAtomically(file, `${JSON.stringify(config, undefined, 2)}\n`)
  const program = [process.execPath, kubetsProgram, 'agent', '--config', file]
  const [command, ...args] = networkNamespacePath
    ? ['nsenter', `--net=${networkNamespacePath}`, '--', ...program]
    : program
  const output = openSync(logFile, 'a', 0o600)
  let exited = false
  try {
    // A process group of its own: Ctrl-C at the terminal is for the server, which tells its agents.
    const child = spawn(command!, args, { detached: true, stdio: ['ignore', output, output] })
    child.on('error', () => {
      exited = true
    })
    child.on('exit', () => {
      exited = true
    })
    child.unref()
  } finally {
    closeSync(output)
  }
  const socket = agentSocket(config.directory)
  const deadlineMs = clock.monotonicMs() + startTimeoutMs
  while (!exited && !signal.aborted && clock.monotonicMs() < deadlineMs && !(await isListening(socket))) {
    await clock.sleep(10, signal)
  }
}

/** Ends the agents and waits until they are gone. Their Pods go on running. */
export async function stopAgents(nodeDirectories: readonly string[]): Promise<void> {
  await Promise.all(
    nodeDirectories.map(async (directory) => {
      const socket = agentSocket(directory)
      if (!(await isListening(socket))) return
      const ended = gone(socket, AbortSignal.timeout(startTimeoutMs))
      await control(socket, { command: 'stop' })
      await ended
    }),
  )
}

/** Tells two agents apart that would behave differently: their configuration and their program. */
export function configDigest(config: AgentConfig): string {
  return createHash('sha256')
    .update(JSON.stringify([config, kubetsProgram, kubetsVersion]))
    .digest('hex')
}

export const agentLogFile = (dataDirectory: string, nodeName: string): string =>
  join(dataDirectory, 'logs', `agent-${nodeName}.log`)
