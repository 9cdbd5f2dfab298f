/**
 * The part of etcd's v3 API that the store uses, as a protobuf.js descriptor: it needs no .proto file at run time, so
 * it can be bundled. Names and field numbers after etcd v3.4, api/etcdserverpb/rpc.proto and api/mvccpb/kv.proto.
 */
const field = (type: string, id: number) => ({ type, id })
const repeated = (type: string, id: number) => ({ rule: 'repeated', type, id })

const keyValueMessages = {
  KeyValue: {
    fields: {
      key: field('bytes', 1),
      create_revision: field('int64', 2),
      mod_revision: field('int64', 3),
      value: field('bytes', 5),
    },
  },
  Event: {
    fields: { type: field('EventType', 1), kv: field('KeyValue', 2), prev_kv: field('KeyValue', 3) },
    nested: { EventType: { values: { PUT: 0, DELETE: 1 } } },
  },
}

const requestMessages = {
  RangeRequest: {
    fields: {
      key: field('bytes', 1),
      range_end: field('bytes', 2),
      limit: field('int64', 3),
      revision: field('int64', 4),
      count_only: field('bool', 9),
    },
  },
  PutRequest: { fields: { key: field('bytes', 1), value: field('bytes', 2) } },
  DeleteRangeRequest: { fields: { key: field('bytes', 1), range_end: field('bytes', 2) } },
  RequestOp: {
    oneofs: { request: { oneof: ['request_range', 'request_put', 'request_delete_range'] } },
    fields: {
      request_range: field('RangeRequest', 1),
      request_put: field('PutRequest', 2),
      request_delete_range: field('DeleteRangeRequest', 3),
    },
  },
  Compare: {
    oneofs: { target_union: { oneof: ['mod_revision'] } },
    fields: {
      result: field('CompareResult', 1),
      target: field('CompareTarget', 2),
      key: field('bytes', 3),
      mod_revision: field('int64', 6),
    },
    nested: {
      CompareResult: { values: { EQUAL: 0, GREATER: 1, LESS: 2, NOT_EQUAL: 3 } },
      CompareTarget: { values: { VERSION: 0, CREATE: 1, MOD: 2, VALUE: 3 } },
    },
  },
  TxnRequest: {
    fields: { compare: repeated('Compare', 1), success: repeated('RequestOp', 2), failure: repeated('RequestOp', 3) },
  },
  CompactionRequest: { fields: { revision: field('int64', 1), physical: field('bool', 2) } },
  WatchRequest: {
    oneofs: { request_union: { oneof: ['create_request'] } },
    fields: { create_request: field('WatchCreateRequest', 1) },
  },
  WatchCreateRequest: {
    fields: {
      key: field('bytes', 1),
      range_end: field('bytes', 2),
      start_revision: field('int64', 3),
      progress_notify: field('bool', 4),
      fragment: field('bool', 8),
    },
  },
  SnapshotRequest: { fields: {} },
  StatusRequest: { fields: {} },
}

const responseMessages = {
  ResponseHeader: { fields: { revision: field('int64', 3) } },
  RangeResponse: {
    fields: { header: field('ResponseHeader', 1), kvs: repeated('KeyValue', 2), more: field('bool', 3) },
  },
  TxnResponse: { fields: { header: field('ResponseHeader', 1), succeeded: field('bool', 2) } },
  CompactionResponse: { fields: { header: field('ResponseHeader', 1) } },
  WatchResponse: {
    fields: {
      header: field('ResponseHeader', 1),
      created: field('bool', 3),
      canceled: field('bool', 4),
      compact_revision: field('int64', 5),
      cancel_reason: field('string', 6),
      fragment: field('bool', 7),
      events: repeated('Event', 11),
    },
  },
  SnapshotResponse: { fields: { remaining_bytes: field('uint64', 2), blob: field('bytes', 3) } },
  StatusResponse: {
    fields: { header: field('ResponseHeader', 1), version: field('string', 2), dbSize: field('int64', 3) },
  },
}

const services = {
  KV: {
    methods: {
      Range: { requestType: 'RangeRequest', responseType: 'RangeResponse' },
      Txn: { requestType: 'TxnRequest', responseType: 'TxnResponse' },
      Compact: { requestType: 'CompactionRequest', responseType: 'CompactionResponse' },
    },
  },
  Watch: {
    methods: {
      Watch: { requestType: 'WatchRequest', requestStream: true, responseType: 'WatchResponse', responseStream: true },
    },
  },
  Maintenance: {
    methods: {
      Status: { requestType: 'StatusRequest', responseType: 'StatusResponse' },
      Snapshot: { requestType: 'SnapshotRequest', responseType: 'SnapshotResponse', responseStream: true },
    },
  },
}

/** All of it, in etcd's package. */
export const etcdDescriptor = {
  nested: { etcdserverpb: { nested: { ...keyValueMessages, ...requestMessages, ...responseMessages, ...services } } },
}

export interface KeyValue {
  readonly key: Buffer
  readonly create_revision: number
  readonly mod_revision: number
  readonly value: Buffer
}

export interface EtcdEvent {
  readonly type: 'PUT' | 'DELETE'
  readonly kv: KeyValue
}

interface Headed {
  readonly header: { readonly revision: number }
}

export interface RangeResponse extends Headed {
  readonly kvs: readonly KeyValue[]
  readonly more: boolean
}

export interface TxnResponse extends Headed {
  readonly succeeded: boolean
}

export interface StatusResponse extends Headed {
  readonly dbSize: number
}

export interface WatchResponse extends Headed {
  readonly created: boolean
  readonly canceled: boolean
  readonly compact_revision: number
  readonly cancel_reason: string
  /** More events of the same revision follow in the next response. */
  readonly fragment: boolean
  readonly events: readonly EtcdEvent[]
}
