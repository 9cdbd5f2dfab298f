import { Client, type ClientReadableStream, credentials, type ServiceError, status } from '@grpc/grpc-js'
import { fromJSON, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader'
import {
  descriptorOf,
  type EnumTable,
  type MessageTable,
  type RequestOf,
  type ResponseOf,
  type ServiceTable,
} from './wire.ts'

export interface CallOptions {
  /** No answer within this span fails the call with DEADLINE_EXCEEDED. Two minutes if not given, as upstream's. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** One function a method: `client.runPodSandbox({ config })`, or an async iterable for a server stream. */
export type ServiceClient<M extends MessageTable, E extends EnumTable, S extends ServiceTable> = {
  readonly [Method in keyof S & string as Uncapitalize<Method>]: S[Method] extends readonly [
    infer Request extends keyof M,
    infer Response extends keyof M,
    'stream',
  ]
    ? (request: RequestOf<M, E, Request>, options?: CallOptions) => AsyncIterable<ResponseOf<M, E, Response>>
    : S[Method] extends readonly [infer Request extends keyof M, infer Response extends keyof M]
      ? (request: RequestOf<M, E, Request>, options?: CallOptions) => Promise<ResponseOf<M, E, Response>>
      : never
}

/** A runtime that hangs must not hang its callers: kubelet v1.36 runtimeRequestTimeout. */
const defaultTimeoutMs = 120_000

const loadOptions = { longs: Number, enums: String, defaults: true, arrays: true, objects: true }
const channelOptions = {
  // Containers' logs and environments travel in these messages; containerd itself allows 16 MiB.
  'grpc.max_receive_message_length': 16 << 20,
  'grpc.max_send_message_length': 16 << 20,
  // The runtime restarts within seconds: never wait the default two minutes to connect again.
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.min_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.default_authority': 'localhost',
}

/** A connection to a gRPC server on a unix socket. Connects lazily and again after a loss. */
export function connectUnix(socketPath: string): Client {
  return new Client(`unix:${socketPath}`, credentials.createInsecure(), channelOptions)
}

/** The methods of one service of `messages` as functions over `connection`. */
export function serviceClient<M extends MessageTable, E extends EnumTable, S extends ServiceTable>(options: {
  connection: Client
  packageName: string
  serviceName: string
  messages: M
  enums: E
  methods: S
}): ServiceClient<M, E, S> {
  const { connection, packageName, serviceName, messages, enums, methods } = options
  const descriptor = descriptorOf({ packageName, messages, enums, services: { [serviceName]: methods } })
  const definition = fromJSON(descriptor, loadOptions)[`${packageName}.${serviceName}`] as ServiceDefinition
  const functions = Object.entries(definition).map(([name, method]) => [
    name[0]!.toLowerCase() + name.slice(1),
    method.responseStream ? streamCall(connection, method) : unaryCall(connection, method),
  ])
  return Object.fromEntries(functions) as ServiceClient<M, E, S>
}

type AnyMethod = MethodDefinition<object, object>

function unaryCall(connection: Client, method: AnyMethod) {
  return (request: object, { timeoutMs = defaultTimeoutMs, signal }: CallOptions = {}) =>
    new Promise<object>((resolve, reject) => {
      const deadline = { deadline: deadlineAfter(timeoutMs) }
      const finish = (error: ServiceError | null, response?: object) => {
        signal?.removeEventListener('abort', cancel)
        if (error) reject(error)
        else resolve(response!)
      }
      const { path, requestSerialize, responseDeserialize } = method
      const call = connection.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, deadline, finish)
      const cancel = () => call.cancel()
      if (signal?.aborted) cancel()
      else signal?.addEventListener('abort', cancel, { once: true })
    })
}

function streamCall(connection: Client, method: AnyMethod) {
  return (request: object, { signal }: CallOptions = {}): AsyncIterable<object> => {
    const { path, requestSerialize, responseDeserialize } = method
    const open = () => connection.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request)
    return readStream(open, signal)
  }
}

async function* readStream(open: () => ClientReadableStream<object>, signal?: AbortSignal): AsyncGenerator<object> {
  if (signal?.aborted) return
  const call = open()
  const cancel = () => call.cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    yield* call
  } catch (error) {
    if (!signal?.aborted) throw error
  } finally {
    signal?.removeEventListener('abort', cancel)
    call.cancel()
  }
}

/** gRPC wants a point in wall-clock time. */
function deadlineAfter(timeoutMs: number): number {
  return performance.timeOrigin + performance.now() + timeoutMs
}

/** The gRPC code of an error, such as `status.NOT_FOUND`; undefined when it is none. */
export function grpcCode(error: unknown): status | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'number' ? code : undefined
}

/** Whether the runtime does not know the container, sandbox or image asked for. */
export const isNotFound = (error: unknown): boolean => grpcCode(error) === status.NOT_FOUND
/** Whether the runtime lacks the method: an older version of the interface. */
export const isUnimplemented = (error: unknown): boolean => grpcCode(error) === status.UNIMPLEMENTED
/** Whether the runtime cannot be reached just now. */
export const isUnavailable = (error: unknown): boolean => grpcCode(error) === status.UNAVAILABLE

/** The server's sentence, without grpc-js's prefix `2 UNKNOWN: `; upstream writes `rpc error: code = Unknown desc = …`. */
export function grpcMessage(error: unknown): string {
  const code = grpcCode(error)
  if (code === undefined) return error instanceof Error ? error.message : String(error)
  return `rpc error: code = ${goCodeNames[code] ?? 'Unknown'} desc = ${(error as ServiceError).details}`
}

/** Go's names of the codes, in order, which upstream shows in event texts. */
const goCodeNames = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
]
