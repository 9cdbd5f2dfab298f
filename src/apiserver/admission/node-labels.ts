/** Labels of upstream's own domains that a kubelet may set. After k8s.io/kubelet/pkg/apis well_known_labels.go v1.36. */
const kubeletLabels: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
])
const kubeletDomains = ['kubelet.kubernetes.io', 'node.kubernetes.io']
const ownDomains = ['kubernetes.io', 'k8s.io']
const restrictedDomain = 'node-restriction.kubernetes.io'

type Labels = Readonly<Record<string, string>>

/** The labels that a kubelet adds, changes or removes and must not, sorted. */
export function forbiddenNodeLabels(labels: Labels = {}, old: Labels = {}): string[] {
  const keys = new Set([...Object.keys(labels), ...Object.keys(old)])
  return [...keys].filter((key) => labels[key] !== old[key] && isForbidden(key)).sort()
}

function isForbidden(label: string): boolean {
  const slash = label.indexOf('/')
  const domain = slash < 0 ? '' : label.slice(0, slash)
  if (isWithin(domain, restrictedDomain)) return true
  if (!ownDomains.some((own) => isWithin(domain, own))) return false
  return !kubeletLabels.has(label) && !kubeletDomains.some((allowed) => isWithin(domain, allowed))
}

function isWithin(domain: string, parent: string): boolean {
  return domain === parent || domain.endsWith(`.${parent}`)
}
