import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FieldError } from '../../machinery/errors.ts'
import { checkCanonicalCidr, checkEndpointIp, checkLegacyCidr, checkLegacyIp, cidrWarnings, ipWarnings } from './ip.ts'

type Check = (text: string, path: string, errors: FieldError[]) => void

const rows: { title: string; check: Check; text: string; why?: string }[] = [
  { title: 'takes IPv4', check: checkLegacyIp, text: '10.0.0.1' },
  { title: 'takes a long IPv6', check: checkLegacyIp, text: '2001:0db8::0001' },
  { title: 'refuses zones', check: checkLegacyIp, text: 'fe80::1%eth0', why: 'must be a valid IP address' },
  { title: 'refuses words', check: checkLegacyIp, text: 'localhost', why: 'must be a valid IP address' },
  { title: 'refuses leading zeros', check: checkLegacyIp, text: '010.1.1.1', why: 'must not have leading 0s' },
  { title: 'refuses numbers past 255', check: checkLegacyIp, text: '10.1.1.256', why: 'must be a valid IP address' },
  { title: 'refuses mapped IPv4', check: checkLegacyIp, text: '::ffff:1.2.3.4', why: 'IPv4-mapped' },
  { title: 'takes a network', check: checkLegacyCidr, text: '10.0.0.0/8' },
  { title: 'refuses host bits', check: checkLegacyCidr, text: '10.0.0.1/8', why: 'bits set beyond the prefix length' },
  { title: 'refuses long prefixes', check: checkLegacyCidr, text: '10.0.0.0/33', why: 'must be a valid CIDR value' },
  { title: 'refuses zeros in prefixes', check: checkLegacyCidr, text: '10.0.0.0/08', why: 'must not have leading 0s' },
  { title: 'asks for small letters', check: checkCanonicalCidr, text: '2001:DB8::/64', why: '("2001:db8::/64")' },
  { title: 'lets endpoints be anywhere', check: checkEndpointIp, text: '192.168.0.1' },
  { title: 'refuses loopback endpoints', check: checkEndpointIp, text: '::1', why: 'loopback range' },
  { title: 'refuses link-local endpoints', check: checkEndpointIp, text: '169.254.1.1', why: 'link-local range' },
  { title: 'refuses multicast endpoints', check: checkEndpointIp, text: '224.0.0.1', why: 'multicast range' },
  { title: 'refuses unspecified endpoints', check: checkEndpointIp, text: '0.0.0.0', why: 'may not be unspecified' },
]

for (const { title, check, text, why } of rows) {
  test(`an address check ${title}`, () => {
    const errors: FieldError[] = []
    check(text, 'ip', errors)
    assert.equal(errors.length, why === undefined ? 0 : 1, JSON.stringify(errors))
    if (why !== undefined) assert.ok(errors[0]!.detail.includes(why), errors[0]!.detail)
  })
}

test('an address check lets old values stay', () => {
  const errors: FieldError[] = []
  checkLegacyIp('010.1.1.1', 'ip', errors, ['010.1.1.1'])
  checkLegacyCidr('10.0.0.1/8', 'cidr', errors, ['10.0.0.1/8'])
  assert.deepEqual(errors, [])
})

test('odd addresses and networks are warned of', () => {
  assert.deepEqual(ipWarnings('2001:DB8::1', 'a'), [
    'a: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
  ])
  assert.deepEqual(ipWarnings('010.0.0.1', 'a'), ['a: non-standard IP address "010.0.0.1" is invalid: use "10.0.0.1"'])
  assert.deepEqual(cidrWarnings('10.0.0.1/8', 'a'), [
    'a: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
  ])
})
