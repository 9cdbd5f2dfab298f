/** Letters and digits that spell no words. After apimachinery util/rand. */
const safeCharacters = 'bcdfghjklmnpqrstvwxz2456789'

/**
 * A short stable name for a template, such as `7d4b9c8f6`. Equal templates have equal hashes, however their fields
 * are ordered and whether empty ones are written. Upstream hashes Go's dump of the struct in memory, which nothing
 * else can reproduce; nobody depends on the value, so ours differs, in the same alphabet.
 */
export function templateHash(template: unknown, collisionCount = 0): string {
  const text = canonical(template) + (collisionCount === 0 ? '' : `#${collisionCount}`)
  return safeEncode(String(fnv32a(text)))
}

/** Maps each character to one that cannot form bad words. After rand.SafeEncodeString. */
function safeEncode(text: string): string {
  return [...text].map((character) => safeCharacters[character.charCodeAt(0) % safeCharacters.length]).join('')
}

function fnv32a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}

/** JSON with sorted keys, without members that are null, empty strings, lists or objects. */
export function canonical(value: unknown): string {
  return JSON.stringify(withoutEmpty(value)) ?? 'null'
}

function withoutEmpty(value: unknown): unknown {
  if (value === null || value === '' || value === undefined) return undefined
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((item) => withoutEmpty(item) ?? null)
  if (typeof value !== 'object') return value
  const members = Object.entries(value)
    .map(([name, member]) => [name, withoutEmpty(member)] as const)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return members.length === 0 ? undefined : Object.fromEntries(members)
}
