import type { FieldSchema, ObjectSchema } from '../schema.ts'

/** How a schema's fields lie in a protobuf message. */
export interface MessageLayout {
  /** Fields and inline messages from the highest number to the lowest, as the writer goes. */
  readonly descending: readonly Slot[]
  readonly byNumber: ReadonlyMap<number, Slot>
}

/** A field of the message: a field of the schema, or a message whose fields JSON shows inline. */
export type Slot =
  | { readonly number: number; readonly field: FieldSchema; readonly inline?: undefined }
  | { readonly number: number; readonly inline: ObjectSchema; readonly field?: undefined }

/** Made when a schema is first used; nothing of it changes afterwards. */
const layouts = new WeakMap<ObjectSchema, MessageLayout>()

export function layoutOf(schema: ObjectSchema): MessageLayout {
  const known = layouts.get(schema)
  if (known !== undefined) return known
  const messages = schema.inlineMessages ?? []
  const own = [...schema.fields.values()].filter(({ name }) => !messages.some(({ type }) => type.fields.has(name)))
  const slots: Slot[] = [
    ...own.flatMap((field) => (field.number === undefined ? [] : [{ number: field.number, field }])),
    ...messages.map(({ number, type }) => ({ number, inline: type })),
  ]
  const layout = {
    descending: slots.toSorted((a, b) => b.number - a.number),
    byNumber: new Map(slots.map((slot) => [slot.number, slot])),
  }
  layouts.set(schema, layout)
  return layout
}
