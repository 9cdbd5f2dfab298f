import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { type ClusterOptions, optionsFromEnvironment, resolveOptions } from '../cluster/options.ts'
import { type ProgressEvent, runUp } from '../cluster/up.ts'
import { UsageError } from '../cluster/usage-error.ts'
import { systemClock } from '../platform/clock.ts'
import { limitYoungHeap, returningIdleMemory } from '../platform/idle-memory.ts'
import { createLogger } from '../platform/log.ts'
import { untilInterrupted } from './interrupt.ts'
import { type Progress, terminalProgress } from './progress.ts'

type Flags = Readonly<Record<string, unknown>> & { readonly config?: string }

/** `kubets up`: runs until Ctrl-C. */
export async function up({ config, ...flags }: Flags): Promise<void> {
  const options = resolveOptions(readConfigFile(config), optionsFromEnvironment(process.env), flags)
  const progress = terminalProgress()
  const log = createLogger({ level: options.logLevel })
  const onProgress = (event: ProgressEvent) => {
    if (event.type === 'up') limitYoungHeap(false)
    report(event, progress, options)
  }
  const input = { options, clock: systemClock, log, onProgress }
  await returningIdleMemory(systemClock, () => runUp(input, untilInterrupted()))
  progress.note(
    'kubets has ended; Pods go on running. Start again with the same command, or remove all with "kubets down".',
  )
}

function report(event: ProgressEvent, progress: Progress, options: ClusterOptions): void {
  switch (event.type) {
    case 'api-ready':
      progress.done(`API server ready at ${event.url}`)
      return
    case 'node-ready':
      progress.done(`node ${event.name} Ready`)
      return
    case 'up':
      progress.note(nextSteps(event.kubeconfig, options.nodes > 0))
  }
}

function nextSteps(kubeconfig: string, hasNodes: boolean): string {
  const third = hasNodes ? 'kubectl get pods -A -w' : 'kubectl api-resources'
  return `
  export KUBECONFIG=${kubeconfig}

Try next:
  kubectl get nodes
  kubectl create namespace demo
  ${third}

Ctrl-C ends kubets and leaves Pods running.`
}

function readConfigFile(path: string | undefined): Readonly<Record<string, unknown>> {
  if (path === undefined) return {}
  try {
    const parsed: unknown = parse(readFileSync(path, 'utf8')) ?? {}
    if (typeof parsed !== 'object' || Array.isArray(parsed))
      throw new Error('it must be a list of "option: value" lines')
    return parsed as Record<string, unknown>
  } catch (error) {
    throw new UsageError(`cannot read --config ${path}: ${(error as Error).message}`, { cause: error })
  }
}
