import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { deflateRawSync, gzipSync } from 'node:zlib'
import { proxyHttp } from './proxy-http.ts'

const prefix = '/api/v1/namespaces/n/pods/p/proxy'
const html = '<a href="/a">a</a> <a href="https://kubernetes.io/">b</a>'
const rewritten = `<a href="${prefix}/a">a</a> <a href="https://kubernetes.io/">b</a>`

/** What the backend answers, by path. */
const pages: Readonly<Record<string, RequestListener>> = {
  '/plain': (_, response) =>
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': html.length }).end(html),
  '/gzip': (_, response) =>
    response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end(gzipSync(html)),
  '/deflate': (_, response) =>
    response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'deflate' }).end(deflateRawSync(html)),
  '/text': (_, response) => response.writeHead(200, { 'content-type': 'text/plain' }).end(html),
  '/moved': (_, response) => response.writeHead(302, { location: '/elsewhere' }).end(),
  '/who': (request, response) => response.end(String(request.headers['x-forwarded-uri'])),
}

let backend: Server
let front: Server
before(async () => {
  backend = createServer((request, response) => pages[request.url ?? '']!(request, response)).listen(0, '127.0.0.1')
  await once(backend, 'listening')
  const { port } = backend.address() as AddressInfo
  front = createServer((request, response) => {
    const path = request.url!.slice(prefix.length)
    void proxyHttp({ request, response }, { url: new URL(`http://127.0.0.1:${port}${path}`) })
  }).listen(0, '127.0.0.1')
  await once(front, 'listening')
})
after(() => {
  front.close()
  backend.close()
})

const ask = (path: string, init: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${(front.address() as AddressInfo).port}${prefix}${path}`, { redirect: 'manual', ...init })

for (const { path, body } of [
  { path: '/plain', body: rewritten },
  { path: '/gzip', body: rewritten },
  { path: '/deflate', body: rewritten },
  { path: '/text', body: html },
  { path: '/who', body: `${prefix}/who` },
]) {
  test(`a proxied GET of ${path}`, async () => assert.equal(await (await ask(path)).text(), body))
}

test('a proxied HEAD of a page has its length', async () => {
  const { headers } = await ask('/plain', { method: 'HEAD' })
  assert.equal(headers.get('content-length'), String(html.length))
})

test('a redirect leads through the proxy again', async () => {
  assert.equal((await ask('/moved')).headers.get('location'), `${prefix}/elsewhere`)
})
