import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { kubetsVersion } from './version.ts'

test('the version is the package’s', () => {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  assert.equal(kubetsVersion, (JSON.parse(manifest) as { version: string }).version)
})
