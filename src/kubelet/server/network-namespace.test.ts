import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { namespaceDialer } from './network-namespace.ts'

const noNamespaces =
  spawnSync('unshare', ['--net', 'true']).status === 0 ? false : 'network namespaces cannot be made here'

/** A server that greets first, on 127.0.0.1 of a network of its own. */
const greeterSource = `
const net = require('node:net')
const server = net.createServer({ allowHalfOpen: true }, (socket) => {
  socket.write('hello, ')
  socket.pipe(socket)
})
server.listen(8080, '127.0.0.1', () => process.stdout.write('ready'))
`

async function startGreeter(): Promise<ChildProcess> {
  const upLoopback = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh']
  const [command, ...args] = [...upLoopback, process.execPath, '--eval', greeterSource]
  const child = spawn(command!, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout!, 'data')
  return child
}

test('what listens on localhost of another network is reached, greeting and all', { skip: noNamespaces }, async () => {
  const greeter = await startGreeter()
  const dialer = namespaceDialer({ kind: 'path', path: `/proc/${greeter.pid}/ns/net` })
  try {
    const sockets = await Promise.all([dialer.dial(8080), dialer.dial(8080)])
    sockets[0]!.end('you')
    sockets[1]!.end('x'.repeat(100_000))
    assert.equal(await text(sockets[0]!), 'hello, you')
    assert.equal((await text(sockets[1]!)).length, 'hello, '.length + 100_000)
    await assert.rejects(dialer.dial(8081), /ECONNREFUSED/)
  } finally {
    dialer.close()
    greeter.kill('SIGKILL')
    await once(greeter, 'close')
  }
})

test('a network that is gone is an error, not a wait', { skip: noNamespaces }, async () => {
  const dialer = namespaceDialer({ kind: 'path', path: '/proc/0/ns/net' })
  await assert.rejects(dialer.dial(80), /nsenter|ended/)
  dialer.close()
})
