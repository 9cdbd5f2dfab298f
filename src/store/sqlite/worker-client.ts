import { Worker } from 'node:worker_threads'
import { closedError, StoreError } from '../store-error.ts'
import type { LogFileState } from './log-file.ts'
import { type LogRow, type PackedRows, transferOf, unpackRows } from './log-row.ts'
import { errorOf, type Message, type NumberedRequest, type Request, type WorkerSettings } from './protocol.ts'

export interface WorkerClientOptions {
  readonly url: URL
  readonly settings: WorkerSettings
  /** Called once, before the rows. They are not known to be whole until `opened` resolves. */
  readonly onState: (state: LogFileState) => void
  /** Called with each row of the log, in revision order. Its value shares a buffer: copy it to keep it. */
  readonly onRow: (row: LogRow) => void
  readonly onTrouble: (error: StoreError) => void
  /** The thread ended without being told to. Nothing can be written any more. */
  readonly onDeath: (error: StoreError) => void
}

interface Waiting {
  resolve(result: number | undefined): void
  reject(error: StoreError): void
}

/** The main thread's end of the worker: a promise for each request. */
export class WorkerClient {
  readonly #options: WorkerClientOptions
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #opening = Promise.withResolvers<void>()
  #lastId = 0
  #isClosed = false

  constructor(options: WorkerClientOptions) {
    this.#options = options
    this.#worker = new Worker(options.url, { workerData: options.settings, name: 'kubets-store' })
    this.#worker.on('message', (message: Message) => this.#receive(message))
    this.#worker.on('error', (error) => this.#died(error))
    this.#worker.on('exit', () => this.#died(undefined))
  }

  /** Resolves when the log is loaded; rejects with a StoreError when the file is refused. */
  get opened(): Promise<void> {
    return this.#opening.promise
  }

  /** Moves the rows' buffers to the worker. Resolves when they are on the disk. */
  async append(rows: PackedRows): Promise<void> {
    await this.request({ type: 'append', rows }, transferOf(rows))
  }

  request(request: Request, transfer: ArrayBuffer[] = []): Promise<number | undefined> {
    if (this.#isClosed) return Promise.reject(closedError())
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
    const id = ++this.#lastId
    this.#waiting.set(id, { resolve, reject })
    const message: NumberedRequest = { id, request }
    this.#worker.postMessage(message, transfer)
    return promise
  }

  /** Ends the thread; the file is closed first if it was opened. */
  async close(): Promise<void> {
    const closed = this.request({ type: 'close' })
    this.#isClosed = true
    try {
      await closed
    } finally {
      await this.#worker.terminate()
    }
  }

  #receive(message: Message): void {
    switch (message.type) {
      case 'rows':
        for (const row of unpackRows(message.rows)) this.#options.onRow(row)
        return
      case 'state':
        this.#options.onState(message.state)
        return
      case 'opened':
        this.#opening.resolve()
        return
      case 'refused':
        this.#isClosed = true
        this.#opening.reject(errorOf(message.failure))
        return
      case 'answer':
        this.#take(message.id)?.resolve(message.result)
        return
      case 'failure':
        this.#take(message.id)?.reject(errorOf(message.failure))
        return
      case 'trouble':
        this.#options.onTrouble(errorOf(message.failure))
        return
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return waiting
  }

  #died(cause: unknown): void {
    const error = new StoreError('Closed', "The datastore's thread ended: start kubets again.", { cause })
    const expected = this.#isClosed
    this.#isClosed = true
    this.#opening.reject(error)
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
    if (!expected) this.#options.onDeath(error)
  }
}
