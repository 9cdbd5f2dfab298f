/** How a command ended, as the error stream tells it since version 4. */
export type CommandOutcome =
  | { readonly kind: 'exited'; readonly code: number }
  /** It did not run, or nobody knows how it ended. */
  | { readonly kind: 'failed'; readonly message: string }

/** The form of a Status on the error stream; a part of what the API knows under this name. */
interface ErrorStreamStatus {
  metadata: Record<string, never>
  status: 'Success' | 'Failure'
  reason?: string
  message?: string
  details?: { causes: { reason?: string; message: string }[] }
  code?: number
}

const exitCodeReason = 'NonZeroExitCode'
const exitCodeCause = 'ExitCode'

/** What the error stream carries for `outcome`: a Status as JSON. */
export function encodeOutcome(outcome: CommandOutcome): string {
  return JSON.stringify(statusOf(outcome))
}

function statusOf(outcome: CommandOutcome): ErrorStreamStatus {
  if (outcome.kind === 'failed') {
    return {
      metadata: {},
      status: 'Failure',
      message: `Internal error occurred: ${outcome.message}`,
      reason: 'InternalError',
      details: { causes: [{ message: outcome.message }] },
      code: 500,
    }
  }
  if (outcome.code === 0) return { metadata: {}, status: 'Success' }
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${outcome.code}`,
    reason: exitCodeReason,
    details: { causes: [{ reason: exitCodeCause, message: String(outcome.code) }] },
  }
}

/** Reads what the error stream carried. An empty one is success; one that makes no sense is a failure. */
export function decodeOutcome(text: string, format: 'status' | 'text' = 'status'): CommandOutcome {
  if (text === '') return { kind: 'exited', code: 0 }
  if (format === 'text') return { kind: 'failed', message: text }
  const status = parseStatus(text)
  if (!status) return { kind: 'failed', message: `error stream protocol error: ${text}` }
  if (status.status === 'Success') return { kind: 'exited', code: 0 }
  const cause = status.details?.causes?.find(({ reason }) => reason === exitCodeCause)
  const code = Number.parseInt(cause?.message ?? '', 10)
  if (status.reason === exitCodeReason && Number.isInteger(code)) return { kind: 'exited', code }
  return { kind: 'failed', message: status.message ?? 'unknown error' }
}

function parseStatus(text: string): Partial<ErrorStreamStatus> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
