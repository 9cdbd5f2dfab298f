import type { CustomForm } from '../../api/resource-definition.ts'
import { type Decoded, decodeValue } from '../../machinery/decode.ts'
import type { ObjectSchema } from '../../machinery/schema.ts'

/** What says how objects of a kind are read. */
export interface ObjectReading {
  readonly schema: ObjectSchema
  readonly custom?: CustomForm
}

/** A value as an object of a kind: by its table of fields, or as custom objects are. Throws DecodeError. */
export function decodeObject(value: unknown, { schema, custom }: ObjectReading): Decoded {
  return custom ? custom.decode(value) : decodeValue(value, schema)
}
