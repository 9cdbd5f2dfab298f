import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { ClusterProcess, freePort } from '../support/cluster-process.ts'
import { until } from '../support/processes.ts'
import { accessOf, type OpenWatch, readLines, WatchClients, type Writer, write } from './watch-clients.ts'

/**
 * A thousand watchers, a hundred of which never read, and fifty clients that write. Both kinds of connection are there:
 * HTTP/1.1, where the socket is full, and HTTP/2, where the stream's window is.
 */
const readers = { http1: 450, http2Sessions: 9, onEach: 50 }
const idlers = { http1: 50, http2Sessions: 5, onEach: 10 }
const writers = 50
/** Each writer's small writes, which all watchers are to see, and its large ones, which fill the buffers of idlers. */
const smallWrites = 20
const largeWrites = 30
const largeBytes = 20_000

/**
 * How much the server may grow while all this goes on. Without idlers the same load makes it grow by 330 MiB, most of it
 * what the collector leaves lying between two rounds. A hundred idlers cost a thousand waiting events of 100 bytes and
 * less than 64 KiB in the buffers of Node and TLS each: 16 MiB. Bytes that wait for them without a bound would come to
 * 3 GiB.
 */
const growthBytes = 512 * 2 ** 20

const namespace = { small: 'default', large: 'kube-public' }
const pathOf = (name: string) => `/api/v1/namespaces/${name}/configmaps`

let cluster: ClusterProcess
let clients: WatchClients
let pid: number

before(async () => {
  cluster = new ClusterProcess(await freePort(), ['--nodes', '0', '--components', 'apiserver'])
  const { child } = await cluster.up()
  pid = child.pid!
  clients = new WatchClients(accessOf(cluster.kubeconfig))
})

after(async () => {
  clients?.close()
  await cluster?.close()
})

test('watchers that never read are ended, and cost neither memory nor others an event', async (context) => {
  const from = await newestVersion()
  const query = `?watch=1&resourceVersion=${from}`
  const reading = await open(readers, `${pathOf(namespace.small)}${query}`)
  const idle = await open(idlers, `/api/v1/configmaps${query}`)
  const seen = reading.map(follow)
  const before = residentBytes()
  let most = before
  const look = setInterval(() => {
    most = Math.max(most, residentBytes())
  }, 100)
  try {
    await writeAll()
    await until('every reader has every event', async () => seen.every((each) => each.numbers.length === expected), {
      timeoutMs: 300_000,
    })
  } finally {
    clearInterval(look)
  }
  for (const { numbers, versions } of seen) {
    assertInOrder(versions)
    for (let writer = 0; writer < writers; writer++) {
      const own = numbers.filter(([name]) => name === nameOf(writer)).map(([, number]) => number)
      assert.deepEqual(
        own,
        Array.from({ length: smallWrites }, (_, number) => number),
      )
    }
  }
  const grown = most - before
  context.diagnostic(`the server grew from ${mebibytes(before)} MiB by ${mebibytes(grown)} MiB at most`)
  assert.ok(grown < growthBytes, `the server grew by ${mebibytes(grown)} MiB`)
  await assertEnded(idle)
})

const expected = writers * smallWrites
const nameOf = (writer: number) => `writer-${writer}`
const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20)

async function newestVersion(): Promise<string> {
  const { metadata } = await cluster.coreApi().listNamespacedConfigMap({ namespace: namespace.small, limit: 1 })
  return metadata!.resourceVersion!
}

async function open(count: typeof readers, path: string): Promise<OpenWatch[]> {
  const sessions = Array.from({ length: count.http2Sessions }, () => clients.overHttp2(path, count.onEach))
  return (await Promise.all([clients.overHttp1(path, count.http1), ...sessions])).flat()
}

interface Seen {
  readonly versions: number[]
  /** Whose write it was, and which. */
  readonly numbers: [name: string, number: number][]
}

const fields = /"name":"(writer-\d+)".*?"resourceVersion":"(\d+)".*?"number":"(\d+)"/

function follow(watch: OpenWatch): Seen {
  const seen: Seen = { versions: [], numbers: [] }
  readLines(watch, (line) => {
    const [, name, version, number] = fields.exec(line)!
    seen.versions.push(Number(version))
    seen.numbers.push([name!, Number(number)])
  })
  return seen
}

function assertInOrder(versions: readonly number[]): void {
  versions.forEach((version, index) => {
    assert.ok(index === 0 || version > versions[index - 1]!, `${version} came after ${versions[index - 1]}`)
  })
}

/** Fifty clients, each with a connection of its own; small and large writes in turns. */
async function writeAll(): Promise<void> {
  const runs = Array.from({ length: writers }, async (_, index) => {
    const session = await clients.session()
    const small: Writer = { session, path: pathOf(namespace.small), name: nameOf(index), size: 100 }
    const large: Writer = { session, path: pathOf(namespace.large), name: nameOf(index), size: largeBytes }
    for (let number = 0; number < Math.max(smallWrites, largeWrites); number++) {
      if (number < largeWrites) await write(large, number)
      if (number < smallWrites) await write(small, number)
    }
  })
  await Promise.all(runs)
}

function residentBytes(): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!
  return Number(kilobytes) * 1024
}

/** Whoever begins to read at last finds the beginning whole, no error among it, and then the end. */
async function assertEnded(idle: readonly OpenWatch[]): Promise<void> {
  const seen = idle.map(follow)
  await until('the watches of idlers are over', async () => idle.every(({ ended }) => ended), { timeoutMs: 60_000 })
  for (const { versions } of seen) {
    assert.ok(versions.length < writers * (smallWrites + largeWrites), 'an idler must not have got everything')
    assertInOrder(versions)
  }
  for (const { numbers } of seen) assertGapless(numbers)
}

/** What was sent is the beginning of each writer's writes, small and large: none left out between two others. */
function assertGapless(numbers: readonly [string, number][]): void {
  for (let writer = 0; writer < writers; writer++) {
    const own = numbers.filter(([name]) => name === nameOf(writer)).map(([, number]) => number)
    const once = own.filter((number, index) => index === 0 || number !== own[index - 1])
    assert.deepEqual(
      once,
      Array.from(once, (_, index) => index),
    )
  }
}
