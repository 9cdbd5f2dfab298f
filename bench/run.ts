// `npm run bench`: measures what the design promises, prints a table, and with --json writes it to a file.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { busyboxImage } from '../test/support/images.ts'
import { ApiConnection, type Credentials } from './api-connection.ts'
import { besidePeer, type Outcome } from './figure.ts'
import { inNewNamespace } from './namespace.ts'
import type { ApiOperation } from './operation.ts'
import { idleWatchers } from './operations/idle-watchers.ts'
import { apiOperations, nodeOperations, processOperations, schedulerOperations } from './operations.ts'
import { type BenchOptions, type Part, readOptions } from './options.ts'
import { apiServerAlone, inOwnCluster, withScheduler } from './own-cluster.ts'
import { renderTable, writeJson } from './report.ts'

type Measure = (options: BenchOptions) => Promise<Outcome[]>

const measure: Readonly<Record<Part, Measure>> = {
  process: measureProcesses,
  api: (options) => measureApi(options, apiServerAlone, apiOperations),
  watchers: measureWatchers,
  scheduler: (options) => measureApi(options, withScheduler, schedulerOperations),
  node: measureNode,
}

async function measureProcesses({ other }: BenchOptions): Promise<Outcome[]> {
  if (other) return [{ name: 'start and memory', skipped: 'the processes of another server are not ours to start' }]
  return inTurn(processOperations, (operation) => operation())
}

/** A new server for each number of objects, so that none carries what another run left. */
async function measureApi(
  { other, peer, objects: counts }: BenchOptions,
  flags: readonly string[],
  operations: readonly ApiOperation[],
): Promise<Outcome[]> {
  return inTurn(counts, async (objects) => {
    const server = (credentials: Credentials) => measureServer(credentials, objects, operations)
    const ours = other ? await server(other) : await inOwnCluster(flags, ({ credentials }) => server(credentials))
    const outcomes = peer ? besidePeer(ours, await server(peer)) : ours
    return outcomes.map((each) => ({ ...each, name: `[${objects}] ${each.name}` }))
  })
}

async function measureServer(
  credentials: Credentials,
  objects: number,
  operations: readonly ApiOperation[],
): Promise<Outcome[]> {
  const api = await ApiConnection.open(credentials)
  try {
    return await inNewNamespace(api, (namespace) =>
      inTurn(operations, (operation) => operation({ credentials, api, namespace, objects })),
    )
  } finally {
    api.close()
  }
}

async function measureWatchers({ other }: BenchOptions): Promise<Outcome[]> {
  if (other)
    return [{ name: 'watchers that never read', skipped: 'they would be a burden to a server that is not ours' }]
  return inOwnCluster(apiServerAlone, idleWatchers)
}

async function measureNode({ other, idleSeconds }: BenchOptions): Promise<Outcome[]> {
  const name = 'Pods on a node, idle cost'
  if (other) return [{ name, skipped: "another server's nodes are not ours to look at" }]
  if (process.getuid?.() !== 0) return [{ name, skipped: 'a node needs root' }]
  const image = busyboxImage()
  return inOwnCluster([], async (cluster) => {
    await cluster.process.importImage(image)
    const api = await ApiConnection.open(cluster.credentials)
    try {
      return await inNewNamespace(api, (namespace) =>
        inTurn(nodeOperations, (run) => run({ cluster, api, namespace, image: image.reference, idleSeconds })),
      )
    } finally {
      api.close()
    }
  })
}

/** One after another, with a word about each as soon as it is known. */
async function inTurn<T>(inputs: readonly T[], run: (input: T) => Promise<readonly Outcome[]>): Promise<Outcome[]> {
  const all: Outcome[] = []
  for (const input of inputs) {
    const outcomes = await run(input)
    all.push(...outcomes)
  }
  return all
}

/** What `npm start` would run. */
function buildBundle(): void {
  const build = join(import.meta.dirname, '..', 'scripts', 'build.ts')
  const { status } = spawnSync(process.execPath, [build, '--if-stale'], { stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error('the bundle could not be built')
}

const options = readOptions(process.argv.slice(2))
if (!options.other) buildBundle()
const outcomes = await inTurn(options.parts, (part) => {
  console.error(`measuring: ${part}`)
  return measure[part](options)
})
console.log(renderTable(outcomes))
if (options.json) writeJson(options.json, outcomes)
