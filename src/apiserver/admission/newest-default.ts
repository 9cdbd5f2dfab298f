import type { KubeObject } from '../../machinery/object.ts'
import type { Held } from '../object-reader.ts'

/** Of the objects that one of these annotations marks as the default, the newest; of equally new ones, the first by name. */
export function newestDefault<T extends KubeObject>(
  objects: readonly Held<T>[],
  annotations: readonly string[],
): Held<T> | undefined {
  let found: Held<T> | undefined
  for (const object of objects) {
    if (!annotations.some((annotation) => object.metadata.annotations?.[annotation] === 'true')) continue
    if (!found || isPreferred(object, found)) found = object
  }
  return found
}

function isPreferred<T extends KubeObject>(left: Held<T>, right: Held<T>): boolean {
  const leftTime = left.metadata.creationTimestamp ?? ''
  const rightTime = right.metadata.creationTimestamp ?? ''
  return leftTime === rightTime ? left.metadata.name < right.metadata.name : leftTime > rightTime
}
