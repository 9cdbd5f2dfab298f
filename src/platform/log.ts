import pino from 'pino'

export type LogFields = Readonly<Record<string, unknown>>
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** A constant message and fields. Warn: may heal by itself. Error: a person should look. Never a secret. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A logger that adds `fields` to each line, such as the component's name. */
  child(fields: LogFields): Logger
}

export interface LoggerOptions {
  level: LogLevel
  /** Where lines go; standard error if not given. */
  destination?: { write(line: string): void }
}

/** Structured JSON lines. An `error` field that holds an Error is written with its stack and causes. */
export function createLogger({ level, destination }: LoggerOptions): Logger {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.errWithCause },
  }
  return wrap(pino(options, destination ?? pino.destination({ dest: 2, sync: true })))
}

/** Drops everything. For tests that do not look at logs. */
export const silentLogger: Logger = createLogger({ level: 'silent' })

function wrap(target: pino.Logger): Logger {
  return {
    debug: (message, fields = {}) => target.debug(fields, message),
    info: (message, fields = {}) => target.info(fields, message),
    warn: (message, fields = {}) => target.warn(fields, message),
    error: (message, fields = {}) => target.error(fields, message),
    child: (fields) => wrap(target.child(fields)),
  }
}
