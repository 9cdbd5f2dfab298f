/**
 * Protobuf messages as a table of strings, from which both the run-time descriptor and the TypeScript types come.
 * A field is written as in a proto file, without its name: `string 1`, `repeated Mount 7`, `map<string, string> 9`.
 */

export type MessageTable = Readonly<Record<string, Readonly<Record<string, string>>>>
export type EnumTable = Readonly<Record<string, Readonly<Record<string, number>>>>

interface Scalars {
  string: string
  bool: boolean
  int32: number
  uint32: number
  /** Exact to 2^53. Nanosecond times lose their last 8 bits, far below what any status shows. */
  int64: number
  uint64: number
  double: number
  bytes: Uint8Array
}

type Named<
  M extends MessageTable,
  E extends EnumTable,
  Name extends string,
  Form extends 'request' | 'response',
> = Name extends keyof Scalars
  ? Scalars[Name]
  : Name extends keyof E
    ? keyof E[Name]
    : Name extends keyof M
      ? Form extends 'request'
        ? RequestOf<M, E, Name>
        : ResponseOf<M, E, Name>
      : never

type FieldValue<
  M extends MessageTable,
  E extends EnumTable,
  Text,
  Form extends 'request' | 'response',
> = Text extends `map<string, string> ${number}`
  ? Readonly<Record<string, string>>
  : Text extends `repeated ${infer Name} ${number}`
    ? readonly Named<M, E, Name, Form>[]
    : Text extends `${infer Name} ${number}`
      ? Form extends 'response'
        ? Name extends keyof M
          ? Named<M, E, Name, Form> | null
          : Named<M, E, Name, Form>
        : Named<M, E, Name, Form>
      : never

/** What a caller writes: everything is optional, as in proto3. */
export type RequestOf<M extends MessageTable, E extends EnumTable, Name extends keyof M> = {
  readonly [F in keyof M[Name]]?: FieldValue<M, E, M[Name][F], 'request'> | undefined
}

/** What is read: scalars are always there, a message that was not sent is null. */
export type ResponseOf<M extends MessageTable, E extends EnumTable, Name extends keyof M> = {
  readonly [F in keyof M[Name]]: FieldValue<M, E, M[Name][F], 'response'>
}

/** A method: request and response message, `stream` before the response of a server stream. */
export type ServiceTable = Readonly<Record<string, readonly [request: string, response: string, stream?: 'stream']>>

interface FieldDescriptor {
  type: string
  id: number
  rule?: 'repeated'
  keyType?: string
}

/** The JSON form of a descriptor, as protobuf.js reads it, nested in the packages that `packageName` names. */
export function descriptorOf(options: {
  packageName: string
  messages: MessageTable
  enums?: EnumTable
  services: Readonly<Record<string, ServiceTable>>
}): { nested: Record<string, object> } {
  const { packageName, messages, enums = {}, services } = options
  const types = Object.entries(messages).map(([name, fields]) => [name, { fields: fieldsOf(fields) }])
  const enumerations = Object.entries(enums).map(([name, values]) => [name, { values }])
  const methods = Object.entries(services).map(([name, table]) => [name, { methods: methodsOf(table) }])
  let nested: Record<string, object> = Object.fromEntries([...types, ...enumerations, ...methods])
  for (const part of packageName.split('.').reverse()) nested = { [part]: { nested } }
  return { nested }
}

function fieldsOf(fields: Readonly<Record<string, string>>): Record<string, FieldDescriptor> {
  return Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, parseField(text)]))
}

function parseField(text: string): FieldDescriptor {
  const match = /^(repeated )?(map<string, string>|[\w.]+) (\d+)$/.exec(text)
  if (!match) throw new Error(`not a field: ${text}`)
  const [, repeated, type, id] = match
  if (type!.startsWith('map')) return { keyType: 'string', type: 'string', id: Number(id) }
  return { type: type!, id: Number(id), ...(repeated ? { rule: 'repeated' as const } : {}) }
}

function methodsOf(table: ServiceTable): Record<string, object> {
  return Object.fromEntries(
    Object.entries(table).map(([name, [requestType, responseType, stream]]) => [
      name,
      { requestType, responseType, ...(stream ? { responseStream: true } : {}) },
    ]),
  )
}
