import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { secret as secretDefinition } from '../../api/core/secret.ts'
import type { Entry } from '../../store/store.ts'
import { isUnchanged, servedObject, toStorageForm } from '../rest/stored-object.ts'
import { createValueCodec } from '../rest/value-codec.ts'
import { parseEncryptionConfiguration } from './configuration.ts'
import { createEncryption } from './encryption.ts'
import { createResourceOfKey } from './resource-of-key.ts'
import { secretbox } from './secretbox.ts'

const resourceOf = createResourceOfKey()
const key = '/registry/secrets/default/s'
const plain = Buffer.from('{"kind":"Secret"}')
const oldSecret = Buffer.alloc(32, 1).toString('base64')
const newSecret = Buffer.alloc(32, 2).toString('base64')

function configuration(...rules: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources: rules })
}

function encryptionBy(...rules: readonly object[]) {
  return createEncryption({ rules: parseEncryptionConfiguration(configuration(...rules)), resourceOf, secretbox })
}

const keyNamed = (name: string, secret: string) => ({ keys: [{ name, secret }] })

describe('a value', () => {
  for (const type of ['aesgcm', 'aescbc', 'secretbox']) {
    const encryption = encryptionBy({ resources: ['secrets'], providers: [{ [type]: keyNamed('k1', oldSecret) }] })

    test(`encrypted by ${type} names its key and opens again`, () => {
      const sealed = encryption.encrypt(key, plain)
      assert.equal(Buffer.from(sealed).indexOf(`k8s:enc:${type}:v1:k1:`), 0)
      assert.equal(Buffer.from(encryption.decrypt(key, sealed)).toString(), plain.toString())
      assert.equal(encryption.isStale(key, sealed), false)
    })

    test(`by another key of ${type} does not open`, () => {
      const other = encryptionBy({ resources: ['secrets'], providers: [{ [type]: keyNamed('k1', newSecret) }] })
      assert.throws(() => encryption.decrypt(key, other.encrypt(key, Buffer.alloc(100, 7))))
    })
  }

  test('by aesgcm opens nowhere but where it lies', () => {
    const encryption = encryptionBy({ resources: ['secrets'], providers: [{ aesgcm: keyNamed('k', oldSecret) }] })
    assert.throws(() => encryption.decrypt(`${key}2`, encryption.encrypt(key, plain)))
  })

  test('of a key that is being rotated out opens, and is stale', () => {
    const before = encryptionBy({ resources: ['secrets'], providers: [{ aescbc: keyNamed('old', oldSecret) }] })
    const both = { keys: [keyNamed('new', newSecret).keys[0], keyNamed('old', oldSecret).keys[0]] }
    const after = encryptionBy({ resources: ['secrets'], providers: [{ aescbc: both }] })
    const sealed = before.encrypt(key, plain)
    assert.equal(Buffer.from(after.decrypt(key, sealed)).toString(), plain.toString())
    assert.equal(after.isStale(key, sealed), true)
  })

  test('that lies as it is stays readable only with identity among the providers', () => {
    const gcm = { aesgcm: keyNamed('k', oldSecret) }
    const strict = encryptionBy({ resources: ['secrets'], providers: [gcm] })
    assert.throws(() => strict.decrypt(key, plain), /no matching prefix found/)
    const migrating = encryptionBy({ resources: ['secrets'], providers: [gcm, { identity: {} }] })
    assert.equal(migrating.decrypt(key, plain), plain)
    assert.equal(migrating.isStale(key, plain), true)
  })

  test('that is encrypted is never served as it lies', () => {
    const sealed = encryptionBy({
      resources: ['secrets'],
      providers: [{ aesgcm: keyNamed('k', oldSecret) }],
    }).encrypt(key, plain)
    const none = encryptionBy({ resources: ['configmaps'], providers: [{ identity: {} }] })
    assert.throws(() => none.decrypt(key, sealed), /identity transformer tried to read encrypted data/)
  })
})

for (const { title, resources, at, encrypted } of [
  { title: 'a resource of a group', resources: ['deployments.apps'], at: '/registry/deployments/a/b', encrypted: true },
  { title: 'another group', resources: ['deployments.example.org'], at: '/registry/deployments/a/b', encrypted: false },
  { title: 'all of a group', resources: ['*.apps'], at: '/registry/deployments/a/b', encrypted: true },
  { title: 'all of the core group', resources: ['*.'], at: '/registry/services/specs/a/b', encrypted: true },
  { title: 'the core group and no other', resources: ['*.'], at: '/registry/deployments/a/b', encrypted: false },
  { title: 'everything', resources: ['*.*'], at: '/registry/example.org/things/a/b', encrypted: true },
  {
    title: 'a custom resource',
    resources: ['things.example.org'],
    at: '/registry/example.org/things/a',
    encrypted: true,
  },
  { title: 'what is no resource', resources: ['*.*'], at: '/registry/ranges/serviceips', encrypted: false },
]) {
  test(`a rule for ${title} ${encrypted ? 'holds' : 'does not hold'} at ${at}`, () => {
    const encryption = encryptionBy({ resources, providers: [{ aesgcm: keyNamed('k', oldSecret) }] })
    assert.equal(encryption.encrypt(at, plain) !== plain, encrypted)
  })
}

for (const { title, rules, want } of [
  { title: 'no rule', rules: [], want: 'resources: Required value: at least one resources is required' },
  {
    title: 'a key of the wrong length',
    rules: [{ resources: ['secrets'], providers: [{ aesgcm: keyNamed('k', 'c2hvcnQ=') }] }],
    want: 'resources[0].providers[0].aesgcm.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 5, expected one of [16 24 32]',
  },
  {
    title: 'two providers in one place',
    rules: [{ resources: ['secrets'], providers: [{ identity: {}, aesgcm: keyNamed('k', oldSecret) }] }],
    want: 'resources[0].providers[0]: Invalid value: more than one provider specified in a single element, should split into different list elements',
  },
  {
    title: 'a rule that an earlier one hides',
    rules: [
      { resources: ['*.*'], providers: [{ identity: {} }] },
      { resources: ['secrets'], providers: [{ identity: {} }] },
    ],
    want: 'resource "secrets" is masked by earlier rule "*.*"',
  },
]) {
  test(`a configuration with ${title} is refused`, () => {
    assert.throws(() => parseEncryptionConfiguration(configuration(...rules)), { message: want })
  })
}

test('writing an object anew without a change encrypts it with the new key, once', () => {
  const draft = () => ({
    kind: 'Secret',
    apiVersion: 'v1',
    metadata: { name: 's', uid: 'u' },
    data: { a: 'YQ==' },
    type: 'Opaque',
  })
  const before = createValueCodec({ encoding: 'json' })
  const form = toStorageForm(secretDefinition, draft())
  const lying = before.toRest(key, form.bytes, form)
  const providers = [{ aesgcm: keyNamed('k', oldSecret) }, { identity: {} }]
  const encryption = encryptionBy({ resources: ['secrets'], providers })
  const codec = createValueCodec({ encoding: 'upstream', encryption })
  const entryOf = (read: { value: Uint8Array; attachment: unknown }): Entry => ({
    key,
    revision: 7,
    createRevision: 7,
    ...read,
  })
  const entry = entryOf(codec.fromRest(key, lying))
  assert.equal(isUnchanged(toStorageForm(secretDefinition, draft()), entry), false)
  const again = toStorageForm(secretDefinition, draft())
  const sealed = codec.toRest(key, again.bytes, again)
  const encrypted = entryOf(codec.fromRest(key, sealed))
  assert.deepEqual((servedObject(encrypted, secretDefinition).object as { data?: object }).data, { a: 'YQ==' })
  assert.equal(isUnchanged(toStorageForm(secretDefinition, draft()), encrypted), true)
})
