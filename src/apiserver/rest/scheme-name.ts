import type { ResourceDefinition } from '../../api/resource-definition.ts'

const ofExtensions: Readonly<Record<string, string>> = {
  'apiextensions.k8s.io': 'k8s.io/apiextensions-apiserver/pkg/apiserver/apiserver.go:55',
  'apiregistration.k8s.io': 'k8s.io/kube-aggregator/pkg/apiserver/scheme/scheme.go:28',
}

/** Where upstream's server of a group has its table of kinds, quoted as errors name it. Of v1.36. */
export function schemeName({ group }: Pick<ResourceDefinition, 'group'>): string {
  return JSON.stringify(ofExtensions[group] ?? 'pkg/api/legacyscheme/scheme.go:30')
}
