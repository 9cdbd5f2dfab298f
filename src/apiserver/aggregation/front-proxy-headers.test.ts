import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identityHeaders } from './front-proxy-headers.ts'

test('headers that claim an identity are known by upstream names and by those that are believed here', () => {
  const isIdentity = identityHeaders({
    certificateAuthority: '',
    allowedNames: [],
    usernameHeaders: ['X-Gate-User'],
    uidHeaders: [],
    groupHeaders: ['X-Gate-Group'],
    extraHeaderPrefixes: ['X-Gate-Extra-'],
  })
  const names = ['x-remote-user', 'x-remote-uid', 'x-remote-group', 'x-remote-extra-a', 'x-gate-user', 'x-gate-group']
  for (const name of [...names, 'x-gate-extra-b']) assert.ok(isIdentity(name), name)
  for (const name of ['accept', 'x-gate', 'x-forwarded-for']) assert.ok(!isIdentity(name), name)
  assert.ok(!identityHeaders(undefined)('x-gate-user'))
})
