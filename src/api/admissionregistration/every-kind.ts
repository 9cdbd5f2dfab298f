import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import type { Strategy } from '../resource-definition.ts'

const staticSuffix = '.static.k8s.io'

/** What is true of every kind of the group. After pkg/registry/admissionregistration v1.36. */
export const everyKind = {
  generationFields: ['spec'],
  allowUnconditionalUpdate: false,
  metadataChecksOnUpdate: ['whole'],
  warnings: ({ metadata }: DeepReadonly<KubeObject>) =>
    metadata?.name?.endsWith(staticSuffix)
      ? [
          `metadata.name: names ending with "${staticSuffix}" are reserved for static manifest-based configurations and cannot be managed via the API`,
        ]
      : [],
} as const satisfies Strategy
