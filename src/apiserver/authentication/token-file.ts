import { createHash, timingSafeEqual } from 'node:crypto'
import type { UserInfo } from '../request.ts'
import type { TokenAuthenticator } from './authenticator.ts'

interface TokenUser {
  readonly digest: Uint8Array
  readonly user: UserInfo
}

/**
 * Tokens of a CSV file: token, user name, user uid, and optionally a quoted, comma-separated list of groups. Throws on
 * a line with fewer columns. After apiserver authentication/token/tokenfile v1.36.
 */
export function tokenFileAuthenticator(csv: string): TokenAuthenticator {
  const users = parseTokens(csv)
  return {
    authenticateToken(token, audiences) {
      const digest = sha256(token)
      let found: UserInfo | undefined
      // Every line is compared, and digests of one length are, so that the time taken tells nothing.
      for (const known of users) if (timingSafeEqual(known.digest, digest)) found = known.user
      return found && { user: found, audiences }
    },
  }
}

function parseTokens(csv: string): TokenUser[] {
  const users = new Map<string, TokenUser>()
  for (const [index, line] of csv.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue
    const [token = '', name, uid, groups = ''] = splitLine(line)
    if (name === undefined || uid === undefined) {
      throw new Error(`token file line ${index + 1} must have at least 3 columns (token, user name, user uid)`)
    }
    if (token === '') continue
    const user = {
      name,
      uid,
      groups: groups
        .split(',')
        .map((group) => group.trim())
        .filter(Boolean),
      extra: {},
    }
    users.set(token, { digest: sha256(token), user })
  }
  return [...users.values()]
}

/** The columns of a line; a column in double quotes may hold commas, and a doubled quote stands for one. */
function splitLine(line: string): string[] {
  const column = /\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(?:,|$)/gy
  const columns: string[] = []
  while (column.lastIndex < line.length) {
    const match = column.exec(line)
    if (!match) throw new Error(`token file: a quote is not closed in a line of ${line.length} characters`)
    columns.push(match[1]?.replaceAll('""', '"') ?? match[2]!.trim())
  }
  return columns
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest()
}
