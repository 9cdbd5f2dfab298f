import type { ResourceDefinition } from '../../api/resource-definition.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { encodeProtobuf as encodeEnvelope } from '../../machinery/protobuf/envelope.ts'
import { noProtobufForm } from '../http/encode.ts'

/** A custom resource: it has no protobuf message, and its lists name the kind of each item. */
export function isCustom({ custom }: ResourceDefinition): boolean {
  return custom !== undefined
}

/** Kinds of the servers that upstream puts around its own: custom resources, their definitions, APIServices. */
export function isOfExtension(definition: ResourceDefinition): boolean {
  return isCustom(definition) || extensionGroups.has(definition.group)
}

const extensionGroups: ReadonlySet<string> = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io'])

/** The object as its protobuf message in upstream's envelope. Throws 406 for kinds without a message. */
export function encodeProtobuf(definition: ResourceDefinition, object: DeepReadonly<KubeObject>): Uint8Array {
  if (isCustom(definition)) throw noProtobufForm('Unstructured')
  return encodeEnvelope(object, definition.schema)
}
