import type {
  PodAttachOptions,
  PodExecOptions,
  PodLogOptions,
  PodPortForwardOptions,
} from '../../../api/types/core/v1.ts'
import { type FieldError, invalid } from '../../../machinery/errors.ts'
import { forbiddenField, invalidField } from '../../../machinery/field-errors.ts'
import type { RemoteCommandOptions } from '../../../platform/remote-command/streams.ts'
import { queryFlag, queryInteger, queryTime } from './connect-query.ts'

/** The streams that exec and attach share. */
export type CommandOptions = Pick<PodExecOptions, 'stdin' | 'stdout' | 'stderr' | 'tty' | 'container'>

function commandOptions(query: URLSearchParams): Required<CommandOptions> {
  return {
    stdin: queryFlag(query, 'stdin'),
    stdout: queryFlag(query, 'stdout'),
    stderr: queryFlag(query, 'stderr'),
    tty: queryFlag(query, 'tty'),
    container: query.get('container') ?? '',
  }
}

export function execOptions(query: URLSearchParams): PodExecOptions {
  const command = query.getAll('command')
  return { kind: 'PodExecOptions', apiVersion: 'v1', ...commandOptions(query), command }
}

export function attachOptions(query: URLSearchParams): PodAttachOptions {
  return { kind: 'PodAttachOptions', apiVersion: 'v1', ...commandOptions(query) }
}

export function portForwardOptions(query: URLSearchParams): PodPortForwardOptions {
  const ports = query.getAll('ports').map(Number).filter(Number.isInteger)
  return { kind: 'PodPortForwardOptions', apiVersion: 'v1', ...(ports.length === 0 ? {} : { ports }) }
}

/** Throws 400 for what cannot be read and 422 for what makes no sense. After ValidatePodLogOptions v1.36. */
export function logOptions(query: URLSearchParams, podName: string): PodLogOptions {
  const container = query.get('container')
  const stream = query.get('stream')
  const sinceSeconds = queryInteger(query, 'sinceSeconds')
  const sinceTime = queryTime(query, 'sinceTime')
  const tailLines = queryInteger(query, 'tailLines')
  const limitBytes = queryInteger(query, 'limitBytes')
  const options: PodLogOptions = {
    ...(container ? { container } : {}),
    follow: queryFlag(query, 'follow'),
    previous: queryFlag(query, 'previous'),
    timestamps: queryFlag(query, 'timestamps'),
    insecureSkipTLSVerifyBackend: queryFlag(query, 'insecureSkipTLSVerifyBackend'),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    ...(sinceTime === undefined ? {} : { sinceTime }),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(stream ? { stream } : {}),
  }
  const errors = logRules.flatMap((rule) => rule(options) ?? [])
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, podName, errors)
  return options
}

type Rule = (options: PodLogOptions) => FieldError | undefined

const logRules: readonly Rule[] = [
  ({ tailLines }) => atLeast('tailLines', tailLines, 0, 'must be greater than or equal to 0'),
  ({ limitBytes }) => atLeast('limitBytes', limitBytes, 1, 'must be greater than 0'),
  ({ sinceSeconds, sinceTime }) =>
    sinceSeconds !== undefined && sinceTime !== undefined
      ? forbiddenField('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified')
      : atLeast('sinceSeconds', sinceSeconds, 1, 'must be greater than 0'),
  // Choosing a stream is behind the gate PodLogsQuerySplitStreams, which is off in v1.36.
  ({ stream }) => (stream === undefined ? undefined : forbiddenField('stream', 'may not be specified')),
]

function atLeast(field: string, value: number | undefined, minimum: number, why: string): FieldError | undefined {
  return value === undefined || value >= minimum ? undefined : invalidField(field, value, why)
}

/** What the translator has to know of exec and attach options. */
export function streamsOf({ stdin, stdout, stderr, tty }: CommandOptions): RemoteCommandOptions {
  return { stdin: stdin === true, stdout: stdout === true, stderr: stderr === true, tty: tty === true }
}
