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
