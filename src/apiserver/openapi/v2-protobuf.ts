import type { OpenApiNode } from './schemas.ts'

/**
 * The protobuf form of an OpenAPI v2 document, which kubectl and Helm ask for. After gnostic-models
 * openapiv2/OpenAPIv2.proto; the numbers below are its field numbers.
 */
export function encodeDocumentV2(document: OpenApiNode): Uint8Array {
  const { swagger, info, paths, definitions } = document as {
    swagger: string
    info: { title: string; version: string }
    paths: Record<string, OpenApiNode>
    definitions: Record<string, OpenApiNode>
  }
  return concat([
    text(1, swagger),
    message(2, [text(1, info.title), text(2, info.version)]),
    message(
      8,
      Object.entries(paths).map(([path, item]) => message(2, [text(1, path), message(2, pathItem(item))])),
    ),
    message(9, namedSchemas(definitions)),
  ])
}

type Chunk = Uint8Array

const methods = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const

function pathItem(item: OpenApiNode): Chunk[] {
  const operations = Object.entries(methods).flatMap(([method, number]) =>
    item[method] === undefined ? [] : [message(number, operation(item[method] as OpenApiNode))],
  )
  return [...operations, ...parameters(9, item.parameters)]
}

function operation(node: OpenApiNode): Chunk[] {
  const responses = Object.entries(node.responses as Record<string, OpenApiNode>)
  return [
    ...texts(1, node.tags),
    text(5, node.operationId as string),
    ...texts(6, node.produces),
    ...texts(7, node.consumes),
    ...parameters(8, node.parameters),
    message(
      9,
      responses.map(([code, answer]) => message(1, [text(1, code), message(2, [message(1, response(answer))])])),
    ),
    ...texts(10, node.schemes),
    ...extensions(13, node),
  ]
}

function response(node: OpenApiNode): Chunk[] {
  const schemaItem = node.schema === undefined ? [] : [message(2, [message(1, schema(node.schema as OpenApiNode))])]
  return [text(1, node.description as string), ...schemaItem]
}

function parameters(number: number, list: unknown): Chunk[] {
  return ((list as OpenApiNode[] | undefined) ?? []).map((node) => message(number, [message(1, parameter(node))]))
}

/** A body, or a parameter of the query (3) or path (4): those two differ in where the type stands. */
function parameter(node: OpenApiNode): Chunk[] {
  const required = node.required ? [flag(node.in === 'body' ? 4 : 1)] : []
  if (node.in === 'body') {
    const body = [
      text(2, node.name as string),
      text(3, 'body'),
      ...required,
      message(5, schema(node.schema as OpenApiNode)),
    ]
    return [message(1, body)]
  }
  const isQuery = node.in === 'query'
  const facts = [...required, text(2, node.in as string), text(4, node.name as string)]
  const type = text(isQuery ? 6 : 5, node.type as string)
  return [message(2, [message(isQuery ? 3 : 4, [...facts, type])])]
}

function schema(node: OpenApiNode): Chunk[] {
  const { $ref, format, required, enum: values, additionalProperties, type, items, properties } = node
  return [
    ...($ref === undefined ? [] : [text(1, $ref as string)]),
    ...(format === undefined ? [] : [text(2, format as string)]),
    ...texts(19, required),
    ...((values as unknown[] | undefined) ?? []).map((value) => message(20, [any(value)])),
    ...(additionalProperties === undefined
      ? []
      : [message(21, [message(1, schema(additionalProperties as OpenApiNode))])]),
    ...(type === undefined ? [] : [message(22, [text(1, type as string)])]),
    ...(items === undefined ? [] : [message(23, [message(1, schema(items as OpenApiNode))])]),
    ...(properties === undefined ? [] : [message(25, namedSchemas(properties as Record<string, OpenApiNode>))]),
    ...extensions(31, node),
  ]
}

function namedSchemas(schemas: Record<string, OpenApiNode>): Chunk[] {
  return Object.entries(schemas).map(([name, node]) => message(1, [text(1, name), message(2, schema(node))]))
}

function extensions(number: number, node: OpenApiNode): Chunk[] {
  return Object.entries(node)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) => message(number, [text(1, name), message(2, [any(value)])]))
}

/** A value as YAML, of which JSON is a part. */
const any = (value: unknown) => text(2, JSON.stringify(value))

const texts = (number: number, list: unknown) =>
  ((list as string[] | undefined) ?? []).map((item) => text(number, item))

const text = (number: number, value: string) => message(number, [Buffer.from(value)])

const flag = (number: number) => concat([varint(number * 8), varint(1)])

function message(number: number, parts: readonly Chunk[]): Chunk {
  const size = parts.reduce((sum, part) => sum + part.length, 0)
  return concat([varint(number * 8 + 2), varint(size), ...parts])
}

const concat = (parts: readonly Chunk[]): Chunk => Buffer.concat(parts)

function varint(value: number): Chunk {
  const bytes: number[] = []
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128)
  return Uint8Array.from([...bytes, value])
}
