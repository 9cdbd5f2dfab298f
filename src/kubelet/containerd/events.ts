import type { Client } from '@grpc/grpc-js'
import { type ServiceClient, serviceClient } from '../cri/grpc-client.ts'
import type { MessageTable, ServiceTable } from '../cri/wire.ts'

/** Field numbers of containerd's event service and of the one event read here, after containerd api/ v1.6. */
const messages = {
  SubscribeRequest: { filters: 'repeated string 1' },
  Any: { typeUrl: 'string 1', value: 'bytes 2' },
  Timestamp: { seconds: 'int64 1', nanos: 'int32 2' },
  Envelope: { timestamp: 'Timestamp 1', namespace: 'string 2', topic: 'string 3', event: 'Any 4' },
} as const satisfies MessageTable

const methods = { Subscribe: ['SubscribeRequest', 'Envelope', 'stream'] } as const satisfies ServiceTable

export type ContainerdEvents = ServiceClient<typeof messages, Record<never, never>, typeof methods>

/** containerd's own event stream, which it serves on the socket of the CRI. */
export function containerdEvents(connection: Client): ContainerdEvents {
  return serviceClient({
    connection,
    packageName: 'containerd.services.events.v1',
    serviceName: 'Events',
    messages,
    enums: {},
    methods,
  })
}

/**
 * The container whose main process has ended, by a TaskExit event: its first two fields are the container and the
 * process, which are the same for the main one. Undefined for a process that was executed beside it.
 */
export function exitedContainer(taskExit: Uint8Array): string | undefined {
  const containerId = textField(taskExit, 0, 1)
  const processId = containerId && textField(taskExit, containerId.length + 2, 2)
  return containerId === processId ? containerId : undefined
}

/** A text of at most 127 bytes, written as tag, length and bytes. IDs have 64 characters. */
function textField(message: Uint8Array, offset: number, number: number): string | undefined {
  const length = message[offset + 1]
  if (message[offset] !== (number << 3) + 2 || length === undefined || length > 127) return undefined
  return Buffer.from(message.subarray(offset + 2, offset + 2 + length)).toString('utf8')
}
