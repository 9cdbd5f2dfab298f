import fc from 'fast-check'

/** A change of a text or of bytes: at a place between 0 and 1, so much goes and this comes. */
interface Edit<T> {
  readonly at: number
  readonly removed: number
  readonly inserted: T
}

function edits<T>(inserted: fc.Arbitrary<T>): fc.Arbitrary<Edit<T>[]> {
  const edit = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), removed: fc.nat(6), inserted })
  return fc.array(edit, { minLength: 1, maxLength: 3 })
}

const tokens = fc.constantFrom(
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '\\u',
    '\\ud800',
    'null',
    'true',
    '1e999',
    '9007199254740993',
    '-',
    '-0',
    '0x1',
    ' ',
    '\n',
    '\t',
  ],
  ...[
    '- ',
    '? ',
    '&a',
    '*a',
    '!!binary ',
    '!!int ',
    '!<x> ',
    '|',
    '>',
    '%YAML 2\n',
    '---\n',
    '...',
    '#',
    '<<: ',
    '@',
    '`',
    '\r',
  ],
  ...['\u0000', '\ufeff', 'é', '\u2028', '[[[[[[', '{"a":{"a":'],
)

/** `text` with a few places changed. */
export function mutatedText(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(text, edits(fc.oneof(tokens, fc.string({ maxLength: 3 })))).map(([whole, changes]) =>
    changes.reduce((now, { at, removed, inserted }) => {
      const place = Math.floor(at * now.length)
      return now.slice(0, place) + inserted + now.slice(place + removed)
    }, whole),
  )
}

/** `bytes` with a few places changed. */
export function mutatedBytes(bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc.tuple(bytes, edits(fc.uint8Array({ maxLength: 3 }))).map(([whole, changes]) =>
    changes.reduce((now, { at, removed, inserted }) => {
      const place = Math.floor(at * now.length)
      return Buffer.concat([now.subarray(0, place), inserted, now.subarray(place + removed)])
    }, Buffer.from(whole)),
  )
}
