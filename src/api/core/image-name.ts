const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const domain = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[(?:[a-fA-F0-9:]+)\\])(?::[0-9]+)?`
const pathComponent = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const tag = '[\\w][\\w.-]{0,127}'
const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}'
const reference = new RegExp(`^(?:${domain}/)?${pathComponent}(?:/${pathComponent})*(?::(${tag}))?(?:@(${digest}))?$`)
const maxNameLength = 255
const imageId = /^[a-f0-9]{64}$/

/**
 * The pull policy an image gets by default: Always for the tag `latest`, which an image without tag and digest has;
 * otherwise (and for what is no image name at all) IfNotPresent. After pkg/util/parsers ParseImageName.
 */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  const match = reference.exec(image)
  if (!match || imageId.test(image)) return 'IfNotPresent'
  const [, namedTag, namedDigest] = match
  if (image.length - (namedTag?.length ?? 0) - (namedDigest?.length ?? 0) > maxNameLength) return 'IfNotPresent'
  const effectiveTag = namedTag ?? (namedDigest ? '' : 'latest')
  return effectiveTag === 'latest' ? 'Always' : 'IfNotPresent'
}
