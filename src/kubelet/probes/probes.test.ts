import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js'
import { probeGrpc } from './grpc-health.ts'
import { probeHttp, probeTcp, resolvePort } from './handlers.ts'
import { countAnswer, noRun } from './thresholds.ts'

const server = createServer((request, response) => {
  response.statusCode = Number(request.url?.slice(1))
  response.end(request.headers['x-a'] ?? '')
})
let port = 0
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
after(() => new Promise((resolve) => server.close(resolve)))

for (const [code, result] of [
  [200, 'success'],
  [302, 'success'],
  [404, 'failure'],
  [500, 'failure'],
] as const) {
  test(`an HTTP answer of ${code} is a ${result}`, async () => {
    const action = { path: `/${code}`, port }
    const outcome = await probeHttp({ action, port, address: '127.0.0.1', timeoutMs: 2_000 })
    assert.equal(outcome.result, result)
    if (result === 'failure') assert.equal(outcome.output, `HTTP probe failed with statuscode: ${code}`)
  })
}

test('an open port passes, a closed one is told in the usual words', async () => {
  assert.equal((await probeTcp('127.0.0.1', port, 1_000)).result, 'success')
  assert.deepEqual(await probeTcp('127.0.0.1', 1, 1_000), {
    result: 'failure',
    output: 'dial tcp 127.0.0.1:1: connect: connection refused',
  })
})

test('a port may be named', () => {
  assert.equal(resolvePort('web', [{ name: 'web', containerPort: 80 }]), 80)
  assert.equal(resolvePort(81), 81)
  assert.throws(() => resolvePort('none', []), /couldn't find port/)
})

const runs = [
  { title: 'one failure of three is no verdict', answers: [false], want: [undefined] },
  { title: 'three failures in a row are', answers: [false, false, false], want: [undefined, undefined, false] },
  {
    title: 'a success between begins anew',
    answers: [false, false, true, false],
    want: [undefined, undefined, true, undefined],
  },
]
for (const { title, answers, want } of runs) {
  test(`thresholds: ${title}`, () => {
    let run = noRun
    const verdicts = answers.map((success) => {
      const counted = countAnswer(run, success, { success: 1, failure: 3 })
      run = counted.run
      return counted.verdict
    })
    assert.deepEqual(verdicts, want)
  })
}

for (const [answer, result] of [
  [1, 'success'],
  [2, 'failure'],
] as const) {
  test(`a gRPC health of ${answer} is a ${result}`, async () => {
    const grpc = new Server()
    const method = {
      path: '/grpc.health.v1.Health/Check',
      requestStream: false,
      responseStream: false,
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      // Field 1, a number.
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    }
    const check: handleUnaryCall<Buffer, Buffer> = (_, reply) => reply(null, Buffer.from([0x08, answer]))
    grpc.addService({ Check: method }, { Check: check })
    const grpcPort = await new Promise<number>((resolve, reject) =>
      grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    )
    try {
      const outcome = await probeGrpc({ host: '127.0.0.1', port: grpcPort, service: '', timeoutMs: 2_000 })
      assert.equal(outcome.result, result)
    } finally {
      grpc.forceShutdown()
    }
  })
}
