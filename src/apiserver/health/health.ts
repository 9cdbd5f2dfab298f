import type { Logger } from '../../platform/log.ts'
import type { Answer, RequestContext } from '../request.ts'

/** One thing that must be well. Throws, with a reason for the log, when it is not. */
export interface HealthCheck {
  readonly name: string
  check(): void | Promise<void>
}

export interface HealthChecks {
  /** All of them: `/healthz`, the old name. */
  readonly healthz: readonly HealthCheck[]
  /** Failing means that a restart may help. */
  readonly livez: readonly HealthCheck[]
  /** Failing means that no requests should be sent here now. */
  readonly readyz: readonly HealthCheck[]
}

/** Answers `/healthz`, `/livez`, `/readyz` and one check below each. After apiserver server/healthz v1.36. */
export function createHealth(
  checks: HealthChecks,
  log: Logger,
): (context: RequestContext) => Promise<Answer | undefined> {
  return async (context) => {
    // Upstream knows these paths as they are, not with a slash at their end.
    const [, root, ...below] = context.info.path.split('/')
    if (root !== 'healthz' && root !== 'livez' && root !== 'readyz') return undefined
    if (below.length === 0) return runAll(root, checks[root], context, log)
    const single = checks[root].find(({ name }) => name === below.join('/'))
    return single && runOne(root, single, log)
  }
}

async function runAll(
  root: string,
  checks: readonly HealthCheck[],
  { query }: RequestContext,
  log: Logger,
): Promise<Answer> {
  const excluded = new Set(query.getAll('exclude'))
  const lines: string[] = []
  const failed: string[] = []
  for (const check of checks) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`)
      continue
    }
    const reason = await failureOf(check)
    if (reason === undefined) lines.push(`[+]${check.name} ok`)
    else {
      lines.push(`[-]${check.name} failed: reason withheld`)
      failed.push(`${check.name}: ${reason}`)
    }
  }
  if (excluded.size > 0) {
    const names = [...excluded].map((name) => JSON.stringify(name)).join(',')
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`)
  }
  const report = lines.map((line) => `${line}\n`).join('')
  if (failed.length > 0) {
    log.warn('health check failed', { path: root, failed })
    return text(500, `${report}${root} check failed\n`)
  }
  return query.has('verbose') ? text(200, `${report}${root} check passed\n`) : text(200, 'ok')
}

async function runOne(root: string, check: HealthCheck, log: Logger): Promise<Answer> {
  const reason = await failureOf(check)
  if (reason === undefined) return text(200, 'ok')
  log.warn('health check failed', { path: `${root}/${check.name}`, reason })
  return text(500, `internal server error: ${reason}\n`)
}

async function failureOf({ check }: HealthCheck): Promise<string | undefined> {
  try {
    await check()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function text(status: number, body: string): Answer {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }
  return { kind: 'bytes', status, headers, body }
}
