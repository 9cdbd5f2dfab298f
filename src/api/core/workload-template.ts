import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import type { Strategy } from '../resource-definition.ts'
import type { PodTemplateSpec } from '../types/core/v1.ts'
import { dropDisabledPodFields } from './disabled-fields.ts'
import { hostnameWarnings, podTemplateWarnings } from './pod-warnings.ts'

/** A kind that makes Pods from a template in its spec. */
export interface Workload extends KubeObject {
  spec?: { template?: PodTemplateSpec }
}

type TemplateStrategy<T extends Workload> = Required<
  Pick<Strategy<T>, 'prepareForCreate' | 'prepareForUpdate' | 'warnings'>
>

/** What such kinds do alike: fields behind gates are dropped, and a template that is new or changed is warned of. */
export function templateStrategy<T extends Workload>({
  namesPods,
}: {
  readonly namesPods: boolean
}): TemplateStrategy<T> {
  const warningsOf = ({ spec }: DeepReadonly<Workload>) => podTemplateWarnings(spec?.template, 'spec.template')
  return {
    prepareForCreate: ({ spec }) => dropDisabledPodFields(spec?.template?.spec),
    prepareForUpdate: ({ spec }, old) => {
      dropDisabledPodFields(spec?.template?.spec, (old as DeepReadonly<Workload>).spec?.template?.spec)
    },
    warnings: (object, old) => {
      if (old) return object.metadata?.generation === old.metadata?.generation ? [] : warningsOf(object)
      const ofName = namesPods ? hostnameWarnings(object.metadata?.name, 'Pod names and hostnames') : []
      return [...ofName, ...warningsOf(object)]
    },
  }
}
