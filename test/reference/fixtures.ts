import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

const folder = join(import.meta.dirname, '..', 'fixtures', 'reference')

/** `<<REPEAT:c:n>>` stands for the character c, n times. */
function expandRepeats(text: string): string {
  return text.replace(/<<REPEAT:(.):(\d+)>>/g, (_, character: string, count: string) => character.repeat(Number(count)))
}

function readFixture(name: string): string {
  return expandRepeats(gunzipSync(readFileSync(join(folder, `${name}.gz`))).toString())
}

/** The cases of a `.jsonl` file: one a line. */
export function readCases<T>(name: string): T[] {
  return readFixture(`${name}.jsonl`)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}

export function readJson<T>(name: string): T {
  return JSON.parse(readFixture(`${name}.json`)) as T
}
