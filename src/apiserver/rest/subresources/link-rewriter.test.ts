import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { linkRewriter } from './link-rewriter.ts'
import { rewriteLink } from './proxied-page.ts'

const page = { backendHost: '10.0.0.5:80', requestHost: 'localhost:8001', prefix: '/api/v1/namespaces/n/pods/p/proxy' }

const links: readonly { readonly title: string; readonly link: string; readonly becomes: string }[] = [
  { title: 'a path', link: '/a?b=c#d', becomes: `${page.prefix}/a?b=c#d` },
  { title: 'the root', link: '/', becomes: `${page.prefix}/` },
  { title: 'a path that has the prefix', link: `${page.prefix}/a`, becomes: `${page.prefix}/a` },
  { title: 'a relative path', link: 'a/b', becomes: 'a/b' },
  { title: 'a fragment', link: '#top', becomes: '#top' },
  { title: 'the backend by its address', link: 'http://10.0.0.5:80/a', becomes: `${page.prefix}/a` },
  {
    title: 'the server the client asked',
    link: 'http://localhost:8001/a',
    becomes: `http://localhost:8001${page.prefix}/a`,
  },
  { title: 'another server', link: 'https://kubernetes.io/docs/', becomes: 'https://kubernetes.io/docs/' },
  { title: 'another port', link: 'http://10.0.0.5:81/a', becomes: 'http://10.0.0.5:81/a' },
  { title: 'another scheme', link: 'mailto:a@b.c', becomes: 'mailto:a@b.c' },
]

for (const { title, link, becomes } of links) {
  test(`a link to ${title}`, () => assert.equal(rewriteLink(link, page), becomes))
}

const pages: readonly { readonly title: string; readonly html: string; readonly becomes: string }[] = [
  {
    title: 'links change, the rest stays as it was written',
    html: '<!doctype html><HTML><p  class=x>/a</P><a  href=/rewriteme>rewriteme</a><img src="b.png">',
    becomes: `<!doctype html><HTML><p  class=x>/a</P><a href="${page.prefix}/rewriteme">rewriteme</a><img src="b.png">`,
  },
  { title: 'an attribute that is no link stays', html: '<p href="/a">', becomes: '<p href="/a">' },
  {
    title: 'what looks like a tag within a script stays',
    html: '<script>x = "<a href=\'/a\'>"</script>',
    becomes: '<script>x = "<a href=\'/a\'>"</script>',
  },
]

for (const { title, html, becomes } of pages) {
  test(title, async () => {
    assert.equal(await text(Readable.from([html.slice(0, 40), html.slice(40)]).compose(linkRewriter(page))), becomes)
  })
}
