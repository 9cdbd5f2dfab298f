import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { formatJson } from '../../machinery/format-json.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { AuditBackend, AuditEvent } from './audit-event.ts'

export interface AuditLogOptions {
  /** `-`: standard output. */
  readonly path: string
  /** Days after which a rotated file goes. 0: never. */
  readonly maxAgeDays?: number
  /** How many rotated files stay. 0: all. */
  readonly maxBackups?: number
  /** Megabytes after which a file is rotated. */
  readonly maxSizeMegabytes?: number
}

const standardOutput = 1
const defaultMaxMegabytes = 100
const megabyte = 1024 * 1024
const dayMs = 24 * 60 * 60 * 1_000

/**
 * Events as lines of JSON in a file, written before the request goes on, as upstream's blocking mode does. Rotated
 * files carry their time in the name, like those of lumberjack. Throws when the file cannot be opened.
 */
export function createAuditLog(options: AuditLogOptions, clock: Clock, log: Logger): AuditBackend {
  return options.path === '-' ? new StandardOutput() : new RotatedFile(options, clock, log)
}

class StandardOutput implements AuditBackend {
  write(event: AuditEvent): void {
    writeSync(standardOutput, line(event))
  }

  async close(): Promise<void> {}
}

class RotatedFile implements AuditBackend {
  readonly #options: AuditLogOptions
  readonly #clock: Clock
  readonly #log: Logger
  readonly #maxBytes: number
  #file: number
  #bytes: number

  constructor(options: AuditLogOptions, clock: Clock, log: Logger) {
    this.#options = options
    this.#clock = clock
    this.#log = log
    this.#maxBytes = (options.maxSizeMegabytes || defaultMaxMegabytes) * megabyte
    mkdirSync(dirname(options.path), { recursive: true })
    this.#file = openSync(options.path, 'a', 0o600)
    this.#bytes = fstatSync(this.#file).size
  }

  write(event: AuditEvent): void {
    const bytes = Buffer.from(line(event))
    try {
      if (this.#bytes > 0 && this.#bytes + bytes.length > this.#maxBytes) this.#rotate()
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#file, bytes, written)
      this.#bytes += bytes.length
    } catch (error) {
      this.#log.error('an audit event could not be written', { error, auditID: event.auditID })
    }
  }

  async close(): Promise<void> {
    closeSync(this.#file)
  }

  #rotate(): void {
    const { path } = this.#options
    closeSync(this.#file)
    renameSync(path, backupName(path, this.#clock.nowMs()))
    this.#file = openSync(path, 'a', 0o600)
    this.#bytes = 0
    this.#removeOld()
  }

  #removeOld(): void {
    const { path, maxAgeDays = 0, maxBackups = 0 } = this.#options
    const oldestMs = maxAgeDays > 0 ? this.#clock.nowMs() - maxAgeDays * dayMs : 0
    const backups = backupsOf(path).sort((a, b) => b.timeMs - a.timeMs)
    for (const [index, { name, timeMs }] of backups.entries()) {
      const isSurplus = maxBackups > 0 && index >= maxBackups
      if (isSurplus || timeMs < oldestMs) rmSync(join(dirname(path), name), { force: true })
    }
  }
}

function line(event: AuditEvent): string {
  return `${formatJson(event)}\n`
}

/** `audit-2026-01-02T15-04-05.000.log` for `audit.log`. */
function backupName(path: string, nowMs: number): string {
  const extension = extname(path)
  const time = new Date(nowMs).toISOString().slice(0, 23).replace(/:/g, '-')
  return join(dirname(path), `${basename(path, extension)}-${time}${extension}`)
}

function backupsOf(path: string): { name: string; timeMs: number }[] {
  const extension = extname(path)
  const prefix = `${basename(path, extension)}-`
  return readdirSync(dirname(path)).flatMap((name) => {
    if (!name.startsWith(prefix) || !name.endsWith(extension)) return []
    const [date = '', time = ''] = name.slice(prefix.length, name.length - extension.length).split('T')
    const timeMs = Date.parse(`${date}T${time.replace(/-/g, ':')}Z`)
    return Number.isNaN(timeMs) ? [] : [{ name, timeMs }]
  })
}
