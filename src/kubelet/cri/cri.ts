import type { Client } from '@grpc/grpc-js'
import { connectUnix, type ServiceClient, serviceClient } from './grpc-client.ts'
import { criEnums, criMessages, criServices } from './messages.ts'

export type RuntimeService = ServiceClient<typeof criMessages, typeof criEnums, (typeof criServices)['RuntimeService']>
export type ImageService = ServiceClient<typeof criMessages, typeof criEnums, (typeof criServices)['ImageService']>

/** A container runtime behind the Container Runtime Interface. Every call throws the gRPC error of a refusal. */
export interface Cri {
  readonly runtime: RuntimeService
  readonly images: ImageService
  /** The connection itself, for services beside the CRI (containerd's own events). */
  readonly connection: Client
  close(): void
}

/** Connects to the runtime that listens on `socketPath`; the first call opens the connection. */
export function connectCri(socketPath: string): Cri {
  const connection = connectUnix(socketPath)
  const common = { connection, packageName: 'runtime.v1', messages: criMessages, enums: criEnums }
  return {
    runtime: serviceClient({ ...common, serviceName: 'RuntimeService', methods: criServices.RuntimeService }),
    images: serviceClient({ ...common, serviceName: 'ImageService', methods: criServices.ImageService }),
    connection,
    close: () => connection.close(),
  }
}
