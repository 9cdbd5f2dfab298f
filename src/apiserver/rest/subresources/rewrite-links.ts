import type { Transform } from 'node:stream'
import { RewritingStream } from 'parse5-html-rewriting-stream'

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

/** Where a page came from, to tell which of its links stay with the same server. */
export interface ProxiedPage {
  /** Host and port of the backend. */
  readonly backendHost: string
  /** Host and port as the client named this server. */
  readonly requestHost: string
  /** What the proxy puts before the backend's paths: `/api/v1/namespaces/n/pods/p/proxy`. */
  readonly prefix: string
}

/**
 * A link of a proxied page as it has to be to lead through the proxy again. Links to other servers and relative ones
 * stay. After apimachinery util/proxy Transport.rewriteURL v1.36.
 */
export function rewriteLink(link: string, { backendHost, requestHost, prefix }: ProxiedPage): string {
  const [, origin = '', host, path = '', rest = ''] =
    /^((?:[a-z][a-z0-9+.-]*:)?(?:\/\/([^/?#]*))?)([^?#]*)(.*)$/is.exec(link)!
  const isElsewhere = host !== undefined && host !== '' && host !== backendHost && host !== requestHost
  if (isElsewhere || !path.startsWith('/')) return link
  const kept = (host ?? '') === requestHost ? origin : ''
  return `${kept}${path.startsWith(prefix) ? '' : prefix}${path}${rest}`
}

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
