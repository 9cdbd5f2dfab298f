import {
  accessOf,
  type OpenWatch,
  readLines,
  type ServerAccess,
  WatchClients,
  write,
} from '../../test/load/watch-clients.ts'
import type { Figure } from '../figure.ts'
import type { OwnCluster } from '../own-cluster.ts'
import { quantile } from '../statistics.ts'

const readers = 900
const idlers = 100
const watchesOnOneConnection = 50
const writers = 50
const writesEach = 8
/** All writers together make 20 writes, 18,000 events, per second: less than a server can do, so nothing queues up. */
const pauseMs = 2_500
/** More than a stream's window and a socket's buffers hold, so that idlers block from the first write on. */
const fillings = 200
const fillingBytes = 20_000

const path = '/api/v1/namespaces/default/configmaps'

interface Latencies {
  /** From the request to its answer. */
  readonly writesMs: number[]
  /** From the request to a watcher's event of it. */
  readonly eventsMs: number[]
}

/** What fifty clients that write and 900 that watch notice of 100 others that open watches and never read. */
export async function idleWatchers(cluster: OwnCluster): Promise<Figure[]> {
  const access = accessOf(cluster.process.kubeconfig)
  return [
    ...figures('none idle', await measured(access, 'before', 0)),
    ...figures(`${idlers} never read`, await measured(access, 'beside', idlers)),
  ]
}

function figures(title: string, { writesMs, eventsMs }: Latencies): Figure[] {
  const of = (what: string, samples: number[], share: number): Figure => ({
    name: `${readers} watchers, ${title}: ${what}, p${share * 100}`,
    unit: 'ms',
    value: quantile(samples, share),
  })
  return [
    of('write', writesMs, 0.5),
    of('write', writesMs, 0.99),
    of('event', eventsMs, 0.5),
    of('event', eventsMs, 0.99),
  ]
}

/** `prefix` tells the objects of one run from those of another. */
async function measured(access: ServerAccess, prefix: string, idle: number): Promise<Latencies> {
  const clients = new WatchClients(access)
  try {
    const query = '?watch=1&resourceVersion=0&labelSelector=number'
    await open(clients, `/api/v1/configmaps${query}`, idle)
    if (idle > 0) await fill(clients)
    const watches = await open(clients, `${path}${query}&fieldSelector=metadata.name!=filling`, readers)
    return await writeAndFollow(clients, watches, prefix)
  } finally {
    clients.close()
  }
}

async function open(clients: WatchClients, watched: string, count: number): Promise<OpenWatch[]> {
  const connections = Array.from({ length: count / watchesOnOneConnection }, () =>
    clients.overHttp2(watched, watchesOnOneConnection),
  )
  return (await Promise.all(connections)).flat()
}

async function fill(clients: WatchClients): Promise<void> {
  const writer = { session: await clients.session(), path, name: 'filling', size: fillingBytes }
  for (let number = 0; number < fillings; number++) await write(writer, number)
}

async function writeAndFollow(
  clients: WatchClients,
  watches: readonly OpenWatch[],
  prefix: string,
): Promise<Latencies> {
  const latencies: Latencies = { writesMs: [], eventsMs: [] }
  const sentMs = new Map<string, number>()
  const event = new RegExp(`"name":"(${prefix}-\\d+)".*?"number":"(\\d+)"`)
  const { promise: allSeen, resolve } = Promise.withResolvers<void>()
  for (const watch of watches) {
    readLines(watch, (line) => {
      const found = event.exec(line)
      if (!found) return
      latencies.eventsMs.push(performance.now() - sentMs.get(`${found[1]}/${found[2]}`)!)
      if (latencies.eventsMs.length === readers * writers * writesEach) resolve()
    })
  }
  const run = async (index: number) => {
    const writer = { session: await clients.session(), path, name: `${prefix}-${index}`, size: 100 }
    await pause((pauseMs * index) / writers)
    for (let number = 0; number < writesEach; number++) {
      const startedMs = performance.now()
      sentMs.set(`${writer.name}/${number}`, startedMs)
      await write(writer, number)
      latencies.writesMs.push(performance.now() - startedMs)
      await pause(pauseMs)
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, index) => run(index)))
  await allSeen
  return latencies
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
