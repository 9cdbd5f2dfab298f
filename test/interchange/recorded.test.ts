import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readStoredValue, upstreamValue } from '../../src/apiserver/rest/stored-value.ts'
import { readRecording } from './recording.ts'

const exceptions = [
  // The bitmap of node ports, which kube-apiserver makes anew from the Services whenever it starts.
  /^\/registry\/ranges\//,
  // They were sent an empty `caBundle`, which only Go's memory tells from none.
  /webhookconfigurations\/upd-wh2$/,
]

for (const { key, value } of readRecording().values) {
  if (exceptions.some((pattern) => pattern.test(key))) continue
  test(`what kube-apiserver wrote at ${key} is written again byte for byte`, () => {
    const bytes = Buffer.from(value, 'base64')
    const { object } = readStoredValue(bytes)
    assert.equal(Buffer.from(upstreamValue(object)).toString('latin1'), bytes.toString('latin1'))
  })
}
