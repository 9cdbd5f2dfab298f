// Runs in a network namespace for a test: serves and connects as told, one JSON request and one JSON answer a line.
import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import type { Address, Answer, Request } from './peer.ts'

const answerWithinMs = 3000
const name = process.argv[2] ?? ''

const handlers: { [O in Request['op']]: (request: Extract<Request, { op: O }>) => Promise<Answer> } = {
  serveTcp: ({ port }) =>
    new Promise((resolve, reject) => {
      const server = createServer((socket) => {
        socket.on('error', () => undefined)
        socket.end(JSON.stringify({ server: name, client: socket.remoteAddress?.replace('::ffff:', '') }))
      })
      server.on('error', reject).listen(port, '0.0.0.0', () => resolve({}))
    }),
  serveUdp: ({ port }) =>
    new Promise((resolve) => {
      const socket = createSocket('udp4')
      socket.on('message', (_, { port: clientPort, address }) =>
        socket.send(JSON.stringify({ server: name, client: address }), clientPort, address),
      )
      socket.bind(port, () => resolve({}))
    }),
  tcp: (request) => askTcp(request),
  udp: (request) => askUdp(request),
  tcpUntilStopped: async ({ address, port }) => {
    hammering = true
    const answers: Answer[] = []
    while (hammering) answers.push(await askTcp({ address, port }))
    const failures = answers.flatMap(({ error }) => error ?? [])
    return { count: answers.length, failures }
  },
  stop: async () => {
    hammering = false
    return {}
  },
}
let hammering = false

function askTcp({ address, port, localAddress }: Address & { localAddress?: string }): Promise<Answer> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect({ host: address, port, ...(localAddress && { localAddress }) })
    socket.setTimeout(answerWithinMs, () => socket.destroy(new Error('timeout')))
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message }))
    socket.on('close', () => resolve(text ? JSON.parse(text) : { error: 'closed' }))
  })
}

/** From a port of its own choice or a given one, so that the kernel takes two questions for one connection. */
function askUdp({ address, port, localPort = 0 }: Address & { localPort?: number }): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    const finish = (answer: Answer) => {
      clearTimeout(timer)
      socket.close(() => resolve(answer))
    }
    const timer = setTimeout(() => finish({ error: 'timeout' }), answerWithinMs)
    socket.on('error', (error: NodeJS.ErrnoException) => finish({ error: error.code ?? error.message }))
    socket.on('message', (message) => finish(JSON.parse(message.toString())))
    socket.bind(localPort, () => {
      socket.connect(port, address, () => socket.send('?'))
    })
  })
}

function handle<O extends Request['op']>(request: Extract<Request, { op: O }>): Promise<Answer> {
  return (handlers[request.op] as (request: Extract<Request, { op: O }>) => Promise<Answer>)(request)
}

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  const { id, request } = JSON.parse(line) as { id: number; request: Request }
  handle(request).then(
    (answer) => console.log(JSON.stringify({ id, answer })),
    (error: Error) => console.log(JSON.stringify({ id, answer: { error: error.message } })),
  )
})
lines.on('close', () => process.exit(0))
console.log(JSON.stringify({ id: 0, answer: {} }))
