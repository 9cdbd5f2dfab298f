import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readStoredValue, upstreamValue } from '../../src/apiserver/rest/stored-value.ts'
import { isEnvelope } from '../../src/machinery/protobuf/envelope.ts'
import { readRecording } from './recording.ts'
import { wireForm } from './wire-form.ts'

const magicBytes = 4

/** What lies there says the same, whether it is written by Go or by us. */
function contentOf(value: Uint8Array): unknown {
  return isEnvelope(value) ? wireForm(value.subarray(magicBytes)) : JSON.parse(Buffer.from(value).toString())
}

for (const { key, value } of readRecording().values) {
  // The bitmap of node ports, which kube-apiserver makes anew from the Services whenever it starts.
  if (key.startsWith('/registry/ranges/')) continue
  test(`what kube-apiserver wrote at ${key} is written in the same way`, () => {
    const bytes = Buffer.from(value, 'base64')
    const { object } = readStoredValue(bytes)
    assert.deepEqual(contentOf(upstreamValue(object)), contentOf(bytes))
  })
}
