import type { Cached, Informer } from '../client/informer.ts'
import { controllerOf, type DeepReadonly, type KubeObject } from '../machinery/object.ts'

/** The index of objects by the uid of their controller, or by their namespace where they have none. */
export const byController = 'controller'

export function controllerUids(object: DeepReadonly<KubeObject>): readonly string[] {
  return [controllerOf(object)?.uid ?? orphansIn(object.metadata?.namespace)]
}

/** What an owner may claim: all it controls, and all in its namespace that nobody does. */
export function candidatesFor<T extends KubeObject>(
  informer: Informer<T>,
  { metadata }: { readonly metadata: { readonly uid: string; readonly namespace?: string } },
): readonly Cached<T>[] {
  const orphans = informer.byIndex(byController, orphansIn(metadata.namespace))
  return [...informer.byIndex(byController, metadata.uid), ...orphans]
}

/** No uid looks like this. */
function orphansIn(namespace = ''): string {
  return `orphans in ${namespace}`
}
