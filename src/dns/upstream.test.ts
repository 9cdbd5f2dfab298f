import assert from 'node:assert/strict'
import { test } from 'node:test'
import { upstreamServers } from './upstream.ts'

const behind = 'nameserver 192.0.2.1\nnameserver 192.0.2.2\n'
const cases = [
  {
    title: "are the machine's own",
    conf: 'search a\nnameserver 198.51.100.1',
    systemd: behind,
    want: ['198.51.100.1'],
  },
  {
    title: 'are those behind systemd-resolved where it is the only one',
    conf: 'nameserver 127.0.0.53',
    systemd: behind,
    want: ['192.0.2.1', '192.0.2.2'],
  },
  { title: 'are on the loopback where nobody is behind', conf: 'nameserver 127.0.0.11', want: ['127.0.0.11'] },
  { title: 'are never ourselves', conf: 'nameserver 10.96.0.10\nnameserver 198.51.100.1', want: ['198.51.100.1'] },
]

for (const { title, conf, systemd, want } of cases) {
  test(`servers outside the cluster ${title}`, () => {
    const read = (path: string) => (path === '/etc/resolv.conf' ? conf : systemd)
    assert.deepEqual(upstreamServers(read, ['10.96.0.10']), want)
  })
}
