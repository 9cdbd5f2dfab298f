import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { Housekeeping } from './housekeeping.ts'
import { LogFile } from './log-file.ts'
import { type LogRow, packRows, transferOf, unpackRows } from './log-row.ts'
import { failureOf, type Message, type NumberedRequest, type Request, type WorkerSettings } from './protocol.ts'
import { storeErrorOf } from './sqlite-error.ts'

/** Rows are sent to the main thread in parts of about this size, so that it works while the rest is read. */
const loadPartBytes = 512 * 2 ** 10

/** The thread that owns the file: loads the log, then serves requests until it is told to close. */
function serve(port: MessagePort, settings: WorkerSettings): void {
  const { path } = settings
  const send = (message: Message, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer)
  let file: LogFile | undefined
  try {
    file = new LogFile(settings)
    load(file, send)
  } catch (error) {
    file?.close()
    send({ type: 'refused', failure: failureOf(storeErrorOf(error, path)) })
    return
  }
  const opened = file
  const housekeeping = new Housekeeping(opened, (error) => {
    send({ type: 'trouble', failure: failureOf(storeErrorOf(error, path)) })
  })
  port.on('message', ({ id, request }: NumberedRequest) => {
    perform(request, { file: opened, housekeeping }).then(
      (result) => {
        send({ type: 'answer', id, result })
        if (request.type === 'close') port.close()
      },
      (error: unknown) => send({ type: 'failure', id, failure: failureOf(storeErrorOf(error, path)) }),
    )
  })
}

function load(file: LogFile, send: (message: Message, transfer?: ArrayBuffer[]) => void): void {
  let part: LogRow[] = []
  let bytes = 0
  const flush = () => {
    const rows = packRows(part)
    send({ type: 'rows', rows }, transferOf(rows))
    part = []
    bytes = 0
  }
  send({ type: 'state', state: file.state() })
  file.load((row) => {
    part.push(row)
    bytes += row.value.byteLength
    if (bytes >= loadPartBytes) flush()
  })
  flush()
  send({ type: 'opened' })
}

interface Performer {
  readonly file: LogFile
  readonly housekeeping: Housekeeping
}

async function perform(request: Request, { file, housekeeping }: Performer): Promise<number | undefined> {
  switch (request.type) {
    case 'append':
      file.append(unpackRows(request.rows))
      return undefined
    case 'compact':
      housekeeping.compactTo(request.revision)
      return undefined
    case 'settle':
      await housekeeping.settled()
      return undefined
    case 'backup':
      await file.backup(request.path)
      return undefined
    case 'fileBytes':
      return file.fileBytes()
    case 'close':
      housekeeping.stop()
      file.close()
      return undefined
  }
}

if (parentPort) serve(parentPort, workerData as WorkerSettings)
