/** One line of a container's log as the runtime writes it. */
export interface LogLine {
  /** RFC 3339, with as many digits as the runtime wrote. */
  readonly timestamp: string
  readonly stream: 'stdout' | 'stderr'
  /** With its line feed, unless more of the same line follows in the next entry. */
  readonly content: Buffer
}

const space = 0x20
const lineFeed = 0x0a
const timestampForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/

/**
 * Reads one entry of the CRI log format, line feed included: `time stream tags content`, where the first tag is `P`
 * for a part of a line and `F` for its end. Undefined: it is none. After cri-client pkg/logs parseCRILog.
 */
export function parseLogLine(entry: Buffer): LogLine | undefined {
  const afterTime = entry.indexOf(space)
  const afterStream = entry.indexOf(space, afterTime + 1)
  const afterTags = entry.indexOf(space, afterStream + 1)
  if (afterTime < 0 || afterStream < 0 || afterTags < 0) return undefined
  const timestamp = entry.toString('latin1', 0, afterTime)
  const stream = entry.toString('latin1', afterTime + 1, afterStream)
  if (!timestampForm.test(timestamp) || (stream !== 'stdout' && stream !== 'stderr')) return undefined
  const partial = entry.toString('latin1', afterStream + 1, afterTags).split(':')[0] === 'P'
  const end = partial && entry.at(-1) === lineFeed ? entry.length - 1 : entry.length
  return { timestamp, stream, content: entry.subarray(afterTags + 1, end) }
}

/** The same moment with nine digits, as logs show it. */
export function fixedTimestamp(timestamp: string): string {
  const [, seconds = '', fraction = '', zone = ''] = /^([^.Z+]*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(timestamp) ?? []
  return `${seconds}.${fraction.padEnd(9, '0')}${zone}`
}
