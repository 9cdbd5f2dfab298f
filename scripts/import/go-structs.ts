import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What Go's struct tags say of a JSON field and OpenAPI does not: order, pointer or value, when empty is left out. */
export interface GoField {
  readonly name: string
  readonly pointer: boolean
  readonly omitEmpty: boolean
  readonly omitZero: boolean
  /** As Go's error texts name the type, without the pointer: `v1.DNSPolicy`, `map[string]string`. */
  readonly type: string
}

type StructMember = GoField | { readonly embedded: string }

/** The structs of one Go package: type name → JSON fields in the order Go's encoder writes them. */
export type GoPackage = ReadonlyMap<string, readonly GoField[]>

/** Reads every struct of the Go files in `directory`. Embedded structs of the same package are flattened. */
export function readGoPackage(directory: string): GoPackage {
  const structs = new Map<string, StructMember[]>()
  for (const file of readdirSync(directory)) {
    if (!file.endsWith('.go') || /^zz_generated|^generated|_test\.go$/.test(file)) continue
    const source = readFileSync(join(directory, file), 'utf8')
    collectStructs(source, structs, typeNamer(source, directory))
  }
  const flatten = (name: string): GoField[] =>
    (structs.get(name) ?? []).flatMap((member) => ('embedded' in member ? flatten(member.embedded) : [member]))
  return new Map([...structs.keys()].map((name) => [name, flatten(name)]))
}

/** Writes a type as Go's reflection does: with the name of the package it comes from. */
function typeNamer(source: string, directory: string): (type: string) => string {
  const aliases = new Map<string, string>()
  for (const [, alias, path] of source.matchAll(/^(?:import)?\s+(\w+)?\s*"([\w./-]+)"$/gm)) {
    const packageName = path!.split('/').at(-1)!
    aliases.set(alias ?? packageName, packageName)
  }
  const own = directory.split('/').at(-1)!
  const builtin = /^(string|bool|byte|u?int\d*|float\d+|map)$/
  return (type) =>
    type.replace(/^\*/, '').replace(/(?:(\w+)\.)?(\w+)/g, (text, alias: string | undefined, name: string) => {
      if (alias !== undefined) return `${aliases.get(alias) ?? alias}.${name}`
      return builtin.test(name) ? text.replace(/^byte$/, 'uint8') : `${own}.${name}`
    })
}

type TypeNamer = ReturnType<typeof typeNamer>

function collectStructs(source: string, into: Map<string, StructMember[]>, typeName: TypeNamer): void {
  for (const [, name, body] of source.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
    into.set(
      name!,
      body!.split('\n').flatMap((line) => parseMember(line, typeName)),
    )
  }
}

function parseMember(line: string, typeName: TypeNamer): StructMember[] {
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
      type: typeName(type!),
    },
  ]
}
