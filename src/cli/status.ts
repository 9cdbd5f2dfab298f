import { existsSync } from 'node:fs'
import { agentSocket } from '../cluster/agent-config.ts'
import { control, isListening } from '../cluster/control-socket.ts'
import { nodeDirectories } from '../cluster/data-directory.ts'
import { controlSocketFile } from '../cluster/up.ts'
import { type DataDirFlag, dataDirOf } from './data-dir.ts'

interface ServerStatus {
  readonly pid: number
  readonly version: string
  readonly url?: string
  readonly store?: {
    readonly engine: string
    readonly keys: number
    readonly liveBytes: number
    readonly fileBytes: number
  }
}

/** `kubets status`: what runs on this data directory. Exit code 1 when the server does not. */
export async function status(flags: DataDirFlag): Promise<void> {
  const dataDir = dataDirOf(flags)
  const socket = controlSocketFile(dataDir)
  const running = existsSync(socket) && (await isListening(socket))
  if (running) console.log(serverLines((await control(socket, { command: 'status' })) as ServerStatus))
  else console.log(`server   not running (data directory ${dataDir})`)
  for (const { name, path } of nodeDirectories(dataDir)) {
    const up = await isListening(agentSocket(path))
    console.log(`node     ${name}: agent ${up ? 'running' : 'not running'}`)
  }
  if (!running) process.exitCode = 1
}

function serverLines({ pid, version, url, store }: ServerStatus): string {
  const lines = [`server   running, pid ${pid}, kubets ${version}${url ? `, ${url}` : ', starting'}`]
  if (store) {
    const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
    lines.push(
      `store    ${store.engine}, ${store.keys} objects, ${megabytes(store.liveBytes)} live, ${megabytes(store.fileBytes)} on disk`,
    )
  }
  return lines.join('\n')
}
