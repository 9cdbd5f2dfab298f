import type { Transform } from 'node:stream'
import { RewritingStream } from 'parse5-html-rewriting-stream'
import { type ProxiedPage, rewriteLink } from './proxied-page.ts'

/** The attributes that hold a URL, by tag. After apimachinery util/proxy transport.go. */
const linkAttributes: ReadonlyMap<string, readonly string[]> = new Map([
  ['a', ['href']],
  ['applet', ['codebase']],
  ['area', ['href']],
  ['audio', ['src']],
  ['base', ['href']],
  ['blockquote', ['cite']],
  ['body', ['background']],
  ['button', ['formaction']],
  ['command', ['icon']],
  ['del', ['cite']],
  ['embed', ['src']],
  ['form', ['action']],
  ['frame', ['longdesc', 'src']],
  ['head', ['profile']],
  ['html', ['manifest']],
  ['iframe', ['longdesc', 'src']],
  ['img', ['longdesc', 'src', 'usemap']],
  ['input', ['src', 'usemap', 'formaction']],
  ['ins', ['cite']],
  ['link', ['href']],
  ['object', ['classid', 'codebase', 'data', 'usemap']],
  ['q', ['cite']],
  ['script', ['src']],
  ['source', ['src']],
  ['video', ['poster', 'src']],
])

/** Rewrites the links of an HTML page that flows through it as text; everything else stays as it is. Flows at once. */
export function linkRewriter(page: ProxiedPage): Transform {
  const stream = new RewritingStream()
  stream.on('startTag', (tag, raw) => {
    const names = linkAttributes.get(tag.tagName) ?? []
    let changed = false
    for (const attribute of tag.attrs.filter(({ name }) => names.includes(name))) {
      const link = rewriteLink(attribute.value, page)
      if (link === attribute.value) continue
      attribute.value = link
      changed = true
    }
    if (changed) stream.emitStartTag(tag)
    else stream.emitRaw(raw)
  })
  return stream
}
