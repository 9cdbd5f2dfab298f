import { controllerOf, type DeepReadonly, type KubeObject } from '../machinery/object.ts'

/** The index of objects by the uid of their controller; those without one stand under the empty string. */
export const byController = 'controller'

export function controllerUids(object: DeepReadonly<KubeObject>): readonly string[] {
  return [controllerOf(object)?.uid ?? '']
}
