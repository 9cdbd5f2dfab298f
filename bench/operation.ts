import type { ApiConnection, Credentials } from './api-connection.ts'
import type { Figure } from './figure.ts'
import type { OwnCluster } from './own-cluster.ts'

/** Where an operation on the API is measured: a namespace of a server that is there. */
export interface ApiTarget {
  readonly credentials: Credentials
  readonly api: ApiConnection
  readonly namespace: string
  /** How many objects of each kind the operations work on. */
  readonly objects: number
}

/** One kind of request, or one thing a server does. Operations of a list run in its order, on the same objects. */
export type ApiOperation = (target: ApiTarget) => Promise<readonly Figure[]>

/** Starts and ends processes of its own. */
export type ProcessOperation = () => Promise<readonly Figure[]>

export interface NodeTarget {
  readonly cluster: OwnCluster
  readonly api: ApiConnection
  readonly namespace: string
  /** An image that the node has. */
  readonly image: string
  readonly idleSeconds: number
}

/** What needs a node that runs Pods. */
export type NodeOperation = (target: NodeTarget) => Promise<readonly Figure[]>
