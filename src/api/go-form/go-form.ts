import { unifiedDiff } from '../../machinery/unified-diff.ts'
import { structs } from './structs.ts'

/**
 * Objects as upstream's errors show them: with Go's names for the fields of its internal types, and with the zero value
 * of each field that is not set.
 */

type Json = Readonly<Record<string, unknown>>

interface Field {
  readonly goName: string
  readonly jsonName: string
  readonly type: string
}

function fieldsOf(struct: string): Field[] {
  const row = structs[struct]
  if (row === undefined) throw new Error(`no Go form of ${struct}`)
  return row.split(' ').map((entry) => {
    const [names = '', type = ''] = entry.split(':')
    const [goName = '', jsonName = goName.charAt(0).toLowerCase() + goName.slice(1)] = names.split('=')
    return { goName, jsonName, type }
  })
}

const zeroes: Readonly<Record<string, unknown>> = { s: '', n: 0, b: false, q: '0', json: null }

/** The Go form of one struct. Throws when its name is not in the table. */
export function goForm(struct: string, value: object): Json {
  const source = (prepare[struct]?.(value as Json) ?? value) as Json
  const shown: Record<string, unknown> = {}
  for (const { goName, jsonName, type } of fieldsOf(struct)) {
    if (goName === '+json') Object.assign(shown, source[type])
    else shown[goName] = formOf(type, source[jsonName])
  }
  return shown
}

function formOf(type: string, value: unknown): unknown {
  const isSet = value !== undefined && value !== null
  if (type.startsWith('*')) return isSet ? formOf(type.slice(1), value) : null
  if (type.startsWith('[]')) {
    return isSet ? (value as readonly unknown[]).map((item) => formOf(type.slice(2), item)) : null
  }
  if (type.startsWith('{}')) return isSet ? mapForm(type.slice(2), value as Json) : null
  if (type in zeroes) return isSet ? value : zeroes[type]
  return goForm(type, (value ?? {}) as Json)
}

function mapForm(type: string, map: Json): Json {
  const keys = Object.keys(map).sort()
  return Object.fromEntries(keys.map((key) => [key, formOf(type, map[key])]))
}

/** Where the internal form of a struct differs from the one clients see. */
const prepare: Readonly<Record<string, (value: Json) => Json>> = {
  PodSpec: (spec) => {
    const { hostNetwork, hostPID, hostIPC, shareProcessNamespace, hostUsers } = spec
    const host = { hostNetwork, hostPID, hostIPC, shareProcessNamespace, hostUsers }
    return { ...spec, securityContext: { ...(spec.securityContext as Json | undefined), ...host } }
  },
}

/** How two values of a struct differ, as upstream's errors about what must not change say it. */
export function goDifference(struct: string, old: object, value: object): string {
  const text = (object: object) => JSON.stringify(goForm(struct, object), undefined, 1)
  return unifiedDiff(text(old), text(value))
}
