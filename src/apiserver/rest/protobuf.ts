import type { ResourceDefinition } from '../../api/resource-definition.ts'
import { notAcceptable } from '../../machinery/errors.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { mediaTypes, withoutProtobuf } from '../http/negotiate.ts'

/** The object as its protobuf message in upstream's envelope. Throws 406 for kinds without a message. */
export function encodeProtobuf(_definition: ResourceDefinition, _object: DeepReadonly<KubeObject>): Uint8Array {
  throw notAcceptable(withoutProtobuf.map((encoding) => mediaTypes[encoding]))
}
