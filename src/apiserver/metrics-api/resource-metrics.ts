import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import { tlsOptions, type UpgradeTarget } from '../../platform/http-upgrade.ts'
import { readAnswer } from '../aggregation/read-answer.ts'

/** What something had used at a time. */
export interface Reading {
  readonly timeMs: number
  readonly startTimeMs: number | undefined
  readonly cpuSeconds: number
  readonly memoryBytes: number
}

/** All that a kubelet tells in one answer. */
export interface NodeReadings {
  readonly node: Reading | undefined
  readonly pods: readonly PodReadings[]
}

export interface PodReadings {
  readonly namespace: string
  readonly name: string
  readonly containers: ReadonlyMap<string, Reading>
}

export const resourceMetricsPath = ['metrics', 'resource'] as const

/** A node with the most Pods there may be has some hundred kilobytes to tell. */
const maxAnswerBytes = 16 * 1024 * 1024

/** Asks a kubelet. Throws when it cannot be reached, or refuses. */
export async function fetchReadings({ url, tls }: UpgradeTarget, signal: AbortSignal): Promise<NodeReadings> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = https.get(url, { agent: false, signal, ...tlsOptions(tls) }, resolve)
    request.on('error', reject)
  })
  const body = await readAnswer(answer, maxAnswerBytes)
  if (answer.statusCode !== 200) throw new Error(`the kubelet answered ${answer.statusCode}`)
  return parseReadings(body.toString())
}

type Draft = { -readonly [Key in keyof Reading]?: Reading[Key] }

/** By metric: what its value says, and of what. After metrics-server v0.8 pkg/scraper/client/resource/decode.go. */
const meanings: Readonly<Record<string, { of: 'node' | 'container'; take: (draft: Draft, value: number) => void }>> = {
  node_cpu_usage_seconds_total: { of: 'node', take: takeCpu },
  node_memory_working_set_bytes: { of: 'node', take: takeMemory },
  container_cpu_usage_seconds_total: { of: 'container', take: takeCpu },
  container_memory_working_set_bytes: { of: 'container', take: takeMemory },
  container_start_time_seconds: {
    of: 'container',
    take: (draft, value) => {
      draft.startTimeMs = value * 1_000
    },
  },
}

function takeCpu(draft: Draft, value: number): void {
  draft.cpuSeconds = value
}

function takeMemory(draft: Draft, value: number): void {
  draft.memoryBytes = value
}

/** `name{label="value",…} number milliseconds`: one sample of Prometheus' text format. */
const sampleForm = /^(\w+)(?:\{(.*)\})? (\S+) (\d+)$/
const labelForm = /(\w+)="((?:[^"\\]|\\.)*)"/g

/** Lines that say nothing of CPU or memory, or have no time, are passed over. */
export function parseReadings(text: string): NodeReadings {
  const node: Draft = {}
  const pods = new Map<string, { namespace: string; name: string; containers: Map<string, Draft> }>()
  for (const line of text.split('\n')) {
    const [, metric = '', labels = '', value = '', time = ''] = sampleForm.exec(line) ?? []
    const meaning = meanings[metric]
    if (!meaning) continue
    const draft = meaning.of === 'node' ? node : draftOf(pods, labelsOf(labels))
    meaning.take(draft, Number(value))
    if (metric.endsWith('cpu_usage_seconds_total')) draft.timeMs = Number(time)
  }
  return {
    node: complete(node),
    pods: [...pods.values()].map(({ containers, ...pod }) => ({ ...pod, containers: completeAll(containers) })),
  }
}

function labelsOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...text.matchAll(labelForm)].map(([, name, value]) => [name!, value!]))
}

type Pods = Map<string, { namespace: string; name: string; containers: Map<string, Draft> }>

function draftOf(
  pods: Pods,
  { namespace = '', pod: name = '', container = '' }: Readonly<Record<string, string>>,
): Draft {
  const key = `${namespace}/${name}`
  const pod = pods.get(key) ?? { namespace, name, containers: new Map<string, Draft>() }
  pods.set(key, pod)
  const draft = pod.containers.get(container) ?? {}
  pod.containers.set(container, draft)
  return draft
}

function completeAll(drafts: ReadonlyMap<string, Draft>): ReadonlyMap<string, Reading> {
  return new Map(
    [...drafts].flatMap(([name, draft]) => {
      const reading = complete(draft)
      return reading ? [[name, reading] as const] : []
    }),
  )
}

function complete({ timeMs, cpuSeconds, memoryBytes, startTimeMs }: Draft): Reading | undefined {
  if (timeMs === undefined || cpuSeconds === undefined || memoryBytes === undefined) return undefined
  return { timeMs, cpuSeconds, memoryBytes, startTimeMs }
}
