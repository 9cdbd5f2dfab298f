/** Property names as CEL identifiers, and back. After apiserver pkg/cel/escaping.go v1.36. */

const reserved = new Set(
  (
    'true false null in as break const continue else for function if import let loop package namespace return var ' +
    'void while'
  ).split(' '),
)

const escapes = new Map([
  ['__', '__underscores__'],
  ['.', '__dot__'],
  ['-', '__dash__'],
  ['/', '__slash__'],
])
const originals = new Map([...escapes].map(([original, escaped]) => [escaped, original]))

/** `a-b` is `a__dash__b`, `namespace` is `__namespace__`. Undefined where expressions cannot name the property. */
export function escapeProperty(name: string): string | undefined {
  if (reserved.has(name)) return `__${name}__`
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name)) return undefined
  return name.replace(/__|[-./]/g, (text) => escapes.get(text)!)
}

/** The property that an identifier names; undefined where it holds an escape that does not exist. */
export function unescapeProperty(identifier: string): string | undefined {
  let valid = true
  const name = identifier.replace(/__[^_]+__/g, (text) => {
    const original = originals.get(text)
    if (original !== undefined) return original
    const word = text.slice(2, -2)
    // A keyword is escaped only as a whole.
    if (!reserved.has(word) || text.length !== identifier.length) valid = false
    return word
  })
  return valid ? name : undefined
}
