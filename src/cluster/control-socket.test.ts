import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { control, gone, isListening, listenOnControlSocket } from './control-socket.ts'

const directory = mkdtempSync(join(tmpdir(), 'kubets-control-'))
after(() => rmSync(directory, { recursive: true }))

const handlers = {
  double: async ({ number }: Record<string, unknown>) => Number(number) * 2,
  fail: async () => {
    throw new Error('the disk is full')
  },
}

test('a command is answered, a failure is its sentence, an unknown one is refused', async () => {
  const path = join(directory, 'a.sock')
  const socket = await listenOnControlSocket(path, handlers)
  assert.equal(await control(path, { command: 'double', number: 21 }), 42)
  await assert.rejects(control(path, { command: 'fail' }), /^Error: the disk is full$/)
  await assert.rejects(control(path, { command: 'toString' }), /unknown command "toString"/)
  await socket?.close()
})

test('a second process on the same path is refused, a left-over file is not in the way', async () => {
  const path = join(directory, 'b.sock')
  writeFileSync(path, '')
  const first = await listenOnControlSocket(path, handlers)
  assert.ok(first)
  assert.equal(await listenOnControlSocket(path, handlers), undefined)
  await first.close()
  assert.equal(await isListening(path), false)
})

test('who waits for a process to go is told when it does', async () => {
  const path = join(directory, 'c.sock')
  const socket = await listenOnControlSocket(path, handlers)
  const waiting = gone(path, new AbortController().signal)
  await control(path, { command: 'double', number: 1 })
  await socket?.close()
  await waiting
})
