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

/** The container that a task event is about: field 1 of TaskStart, TaskExit, TaskOOM, TaskDelete (2 there, behind). */
export function containerIdOf(event: Uint8Array): string | undefined {
  // Tag 0x0a: field 1, length-delimited. Container IDs are 64 characters, so the length is one byte.
  const length = event[1]
  if (event[0] !== 0x0a || length === undefined || length > 127) return undefined
  return Buffer.from(event.subarray(2, 2 + length)).toString('utf8')
}
