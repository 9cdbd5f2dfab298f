import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { isJsonObject } from '../../machinery/structural-schema/values.ts'
import { assertSameObject, withMetadataOf } from './converted-metadata.ts'

export interface ConvertedObjects {
  /** What errors begin with. */
  readonly webhook: string
  readonly originals: readonly DeepReadonly<KubeObject>[]
  /** As many, as they were answered. */
  readonly converted: readonly unknown[]
  readonly desiredAPIVersion: string
}

/** What was answered, checked and with its old metadata. Throws with upstream's words. After webhook_converter.go v1.36. */
export function checkedObjects({ originals, converted, ...shared }: ConvertedObjects): readonly KubeObject[] {
  const check = originals.length === 1 ? checkedObject : checkedItem
  return converted.map((object, index) => check({ ...shared, index, original: originals[index]!, converted: object }))
}

interface Converted {
  readonly webhook: string
  readonly index: number
  readonly original: DeepReadonly<KubeObject>
  readonly converted: unknown
  readonly desiredAPIVersion: string
}

/** An object that was sent alone. Throws, in words of its own, when it is not what it should be. */
function checkedObject(given: Converted): KubeObject {
  const { webhook, original } = given
  const object = objectOf(given.converted)
  explained(`${webhook} returned invalid object at index 0`, () => assertKind(object, given))
  explained(`${webhook} returned invalid object`, () => assertSameObject(original, object))
  return explained(`${webhook} returned invalid metadata`, () => withMetadataOf(original, object))
}

/** One of several objects. */
function checkedItem(given: Converted): KubeObject {
  const { webhook, original, index } = given
  const invalid = `${webhook} returned invalid converted object at index ${index}`
  const object = explained(invalid, () => objectOf(given.converted))
  explained(invalid, () => assertKind(object, given))
  explained(invalid, () => assertSameObject(original, object))
  return explained(`${webhook} returned invalid metadata in object at index ${index}`, () =>
    withMetadataOf(original, object),
  )
}

function explained<T>(what: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error })
  }
}

function objectOf(converted: unknown): KubeObject {
  if (isJsonObject(converted) && typeof converted.kind === 'string' && converted.kind !== '') return converted
  throw new Error(`Object 'Kind' is missing in '${JSON.stringify(converted)}'`)
}

function assertKind({ apiVersion = '', kind = '' }: KubeObject, { original, desiredAPIVersion }: Converted): void {
  if (apiVersion !== desiredAPIVersion) {
    throw new Error(`invalid groupVersion (expected ${desiredAPIVersion}, received ${apiVersion})`)
  }
  if (kind !== original.kind) throw new Error(`invalid kind (expected ${original.kind}, received ${kind})`)
}
