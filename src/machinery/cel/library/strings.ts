/** Functions of strings. After cel-go ext/strings.go v0.26, version 2 of the library. */

import {
  type FunctionDeclaration,
  globalFunction,
  type Implementation,
  memberFunction,
  memberOverload,
} from '../declarations.ts'
import { formatValue } from '../format-value.ts'
import { elementsOf } from '../json-values.ts'
import { dynType, intType, listType, stringType } from '../types.ts'
import { noSuchOverload } from '../value-types.ts'
import { CelList, type CelValue, Failure, ValueList } from '../values.ts'
import { formatString } from './string-format.ts'

const listOfStrings = listType(stringType)

export const stringFunctions: readonly FunctionDeclaration[] = [
  memberFunction('charAt', 'string_char_at_int', {
    arguments: [stringType, intType],
    result: stringType,
    apply: charAt,
  }),
  search('indexOf', 'string_index_of_string', indexOf),
  search('lastIndexOf', 'string_last_index_of_string', lastIndexOf),
  memberFunction(
    'lowerAscii',
    'string_lower_ascii',
    onText((text) => text.replace(/[A-Z]+/g, (part) => part.toLowerCase())),
  ),
  memberFunction(
    'upperAscii',
    'string_upper_ascii',
    onText((text) => text.replace(/[a-z]+/g, (part) => part.toUpperCase())),
  ),
  memberFunction(
    'trim',
    'string_trim',
    onText((text) => text.replace(goSpaceAround, '')),
  ),
  {
    name: 'replace',
    overloads: [
      memberOverload('string_replace_string_string', {
        arguments: [stringType, stringType, stringType],
        result: stringType,
        apply: (text, from, to) => replace(text, from, to, -1n),
      }),
      memberOverload('string_replace_string_string_int', {
        arguments: [stringType, stringType, stringType, intType],
        result: stringType,
        apply: replace,
      }),
    ],
  },
  {
    name: 'split',
    overloads: [
      memberOverload('string_split_string', {
        arguments: [stringType, stringType],
        result: listOfStrings,
        apply: (text, separator) => split(text, separator, -1n),
      }),
      memberOverload('string_split_string_int', {
        arguments: [stringType, stringType, intType],
        result: listOfStrings,
        apply: split,
      }),
    ],
  },
  {
    name: 'substring',
    overloads: [
      memberOverload('string_substring_int', {
        arguments: [stringType, intType],
        result: stringType,
        apply: (text, start) => substring(text, start),
      }),
      memberOverload('string_substring_int_int', {
        arguments: [stringType, intType, intType],
        result: stringType,
        apply: substringBetween,
      }),
    ],
  },
  memberFunction('format', 'string_format', {
    arguments: [stringType, listType(dynType)],
    result: stringType,
    apply: (format, values) =>
      typeof format === 'string' && values instanceof CelList ? formatString(format, values) : noSuchOverload,
  }),
  globalFunction('strings.quote', 'strings_quote', onText(quote)),
  {
    name: 'join',
    overloads: [
      memberOverload('list_join', { arguments: [listOfStrings], result: stringType, apply: (list) => join(list, '') }),
      memberOverload('list_join_string', { arguments: [listOfStrings, stringType], result: stringType, apply: join }),
    ],
  },
]

/** What Go's unicode.IsSpace knows. */
const goSpaceAround =
  /^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g

function onText(apply: (text: string) => string) {
  return {
    arguments: [stringType],
    result: stringType,
    apply: (text?: CelValue) => (typeof text === 'string' ? apply(text) : noSuchOverload),
  }
}

function search(name: string, id: string, find: Implementation): FunctionDeclaration {
  return {
    name,
    overloads: [
      memberOverload(id, {
        arguments: [stringType, stringType],
        result: intType,
        apply: (text, part) => find(text!, part!),
      }),
      memberOverload(`${id}_int`, { arguments: [stringType, stringType, intType], result: intType, apply: find }),
    ],
  }
}

function outOfRange(index: bigint): Failure {
  return new Failure(`index out of range: ${index}`)
}

function charAt(text?: CelValue, index?: CelValue): CelValue {
  if (typeof text !== 'string' || typeof index !== 'bigint') return noSuchOverload
  const characters = [...text]
  if (index < 0n || index > characters.length) return outOfRange(index)
  return characters[Number(index)] ?? ''
}

function indexOf(text?: CelValue, part?: CelValue, from?: CelValue): CelValue {
  const start = from ?? 0n
  if (typeof text !== 'string' || typeof part !== 'string' || typeof start !== 'bigint') return noSuchOverload
  if (part === '') return start
  if (start < 0n) return outOfRange(start)
  const [characters, wanted] = [[...text], [...part]]
  for (let index = Number(start); index <= characters.length - wanted.length; index++) {
    if (wanted.every((character, offset) => characters[index + offset] === character)) return BigInt(index)
  }
  return -1n
}

function lastIndexOf(text?: CelValue, part?: CelValue, from?: CelValue): CelValue {
  if (typeof text !== 'string' || typeof part !== 'string') return noSuchOverload
  const [characters, wanted] = [[...text], [...part]]
  if (from === undefined && part === '') return BigInt(characters.length)
  if (from === undefined && Buffer.byteLength(text) < Buffer.byteLength(part)) return -1n
  const start = from ?? BigInt(characters.length - 1)
  if (typeof start !== 'bigint') return noSuchOverload
  if (part === '') return start
  if (start < 0n) return outOfRange(start)
  if (start >= characters.length) return -1n
  for (let index = Math.min(Number(start), characters.length - wanted.length); index >= 0; index--) {
    if (wanted.every((character, offset) => characters[index + offset] === character)) return BigInt(index)
  }
  return -1n
}

function replace(text?: CelValue, from?: CelValue, to?: CelValue, limit?: CelValue): CelValue {
  if (typeof text !== 'string' || typeof from !== 'string') return noSuchOverload
  if (typeof to !== 'string' || typeof limit !== 'bigint') return noSuchOverload
  if (limit === 0n) return text
  if (from === '') return replaceGaps(text, to, limit)
  if (limit < 0n) return text.replaceAll(from, () => to)
  const pieces = text.split(from)
  const count = Math.min(pieces.length - 1, Number(limit))
  return [pieces.slice(0, count + 1).join(to), ...pieces.slice(count + 1)].join(from)
}

/** An empty text stands before every character and at the end. */
function replaceGaps(text: string, to: string, limit: bigint): string {
  const characters = [...text]
  const gaps = limit < 0n ? characters.length + 1 : Math.min(characters.length + 1, Number(limit))
  return [...characters, ''].map((character, index) => (index < gaps ? to + character : character)).join('')
}

function split(text?: CelValue, separator?: CelValue, limit?: CelValue): CelValue {
  if (typeof text !== 'string' || typeof separator !== 'string' || typeof limit !== 'bigint') return noSuchOverload
  if (limit === 0n) return new ValueList([])
  const pieces = separator === '' ? [...text] : text.split(separator)
  if (limit < 0n || pieces.length <= limit) return new ValueList(pieces)
  const kept = Number(limit) - 1
  return new ValueList([...pieces.slice(0, kept), pieces.slice(kept).join(separator)])
}

function substring(text?: CelValue, start?: CelValue): CelValue {
  if (typeof text !== 'string' || typeof start !== 'bigint') return noSuchOverload
  const characters = [...text]
  if (start < 0n || start > characters.length) return outOfRange(start)
  return characters.slice(Number(start)).join('')
}

function substringBetween(text?: CelValue, start?: CelValue, end?: CelValue): CelValue {
  if (typeof text !== 'string' || typeof start !== 'bigint' || typeof end !== 'bigint') return noSuchOverload
  if (start > end) return new Failure(`invalid substring range. start: ${start}, end: ${end}`)
  const characters = [...text]
  if (start < 0n || start > characters.length) return outOfRange(start)
  if (end > characters.length) return outOfRange(end)
  return characters.slice(Number(start), Number(end)).join('')
}

const quotes = new Map([
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['\\', '\\\\'],
  ['"', '\\"'],
])

function quote(text: string): string {
  return `"${[...text.toWellFormed()].map((character) => quotes.get(character) ?? character).join('')}"`
}

function join(list?: CelValue, separator?: CelValue): CelValue {
  if (!(list instanceof CelList) || typeof separator !== 'string') return noSuchOverload
  const pieces: string[] = []
  for (const element of elementsOf(list)) {
    if (typeof element !== 'string') return new Failure(`join: invalid input: ${formatValue(element)}`)
    pieces.push(element)
  }
  return pieces.join(separator)
}
