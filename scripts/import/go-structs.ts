import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What Go's struct tags say of a JSON field and OpenAPI does not: order, pointer or value, when empty is left out. */
export interface GoField {
  readonly name: string
  readonly pointer: boolean
  readonly omitEmpty: boolean
  readonly omitZero: boolean
}

type StructMember = GoField | { readonly embedded: string }

/** The structs of one Go package: type name → JSON fields in the order Go's encoder writes them. */
export type GoPackage = ReadonlyMap<string, readonly GoField[]>

/** Reads every struct of the Go files in `directory`. Embedded structs of the same package are flattened. */
export function readGoPackage(directory: string): GoPackage {
  const structs = new Map<string, StructMember[]>()
  for (const file of readdirSync(directory)) {
    if (!file.endsWith('.go') || /^zz_generated|^generated|_test\.go$/.test(file)) continue
    collectStructs(readFileSync(join(directory, file), 'utf8'), structs)
  }
  const flatten = (name: string): GoField[] =>
    (structs.get(name) ?? []).flatMap((member) => ('embedded' in member ? flatten(member.embedded) : [member]))
  return new Map([...structs.keys()].map((name) => [name, flatten(name)]))
}

function collectStructs(source: string, into: Map<string, StructMember[]>): void {
  for (const [, name, body] of source.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
    into.set(name!, body!.split('\n').flatMap(parseMember))
  }
}

function parseMember(line: string): StructMember[] {
  const match = /^\t(?:(\w+)\s+)?([*\w.[\]]+)\s+`(.*)`/.exec(line)
  if (match === null) return []
  const [, , type, tags] = match
  const json = /json:"([^"]*)"/.exec(tags!)?.[1]
  if (json === undefined) return []
  const [name, ...options] = json.split(',')
  if (name === '-') return []
  if (name === '') return type!.endsWith('TypeMeta') ? [] : [{ embedded: type!.replace('*', '') }]
  return [
    {
      name: name!,
      pointer: type!.startsWith('*'),
      omitEmpty: options.includes('omitempty'),
      omitZero: options.includes('omitzero'),
    },
  ]
}
