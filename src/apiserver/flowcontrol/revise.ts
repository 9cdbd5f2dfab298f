import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'

const autoUpdate = 'apf.kubernetes.io/autoupdate-spec'

type WithSpec = KubeObject & { readonly spec?: unknown }

/**
 * A configuration object as it is to become, or undefined where it may stay. Mandatory ones always have the server's
 * spec; suggested ones only until somebody changes them, or as their annotation says. After
 * registry/flowcontrol/ensurer/strategy.go v1.36.
 */
export function revised(
  current: DeepReadonly<WithSpec>,
  wanted: DeepReadonly<WithSpec>,
  mandatory: boolean,
): WithSpec | undefined {
  const mayUpdate = mandatory || maintainsSpec(current)
  const annotations = current.metadata?.annotations
  const isMarked = booleanOf(annotations?.[autoUpdate]) === mayUpdate
  const isOther = mayUpdate && !contains(current.spec, wanted.spec)
  if (isMarked && !isOther) return undefined
  const found = current as WithSpec
  return {
    ...found,
    metadata: { ...found.metadata, annotations: { ...annotations, [autoUpdate]: String(mayUpdate) } },
    ...(isOther && { spec: wanted.spec }),
  }
}

/** Without a word on it, only what nobody has changed since it was made. */
function maintainsSpec({ metadata }: DeepReadonly<WithSpec>): boolean {
  return booleanOf(metadata?.annotations?.[autoUpdate]) ?? metadata?.generation === 1
}

/** As Go's strconv.ParseBool. */
function booleanOf(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text) ? false : undefined
}

/** Whether all that `wanted` says holds in `found`, which has defaults besides. */
function contains(found: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return found === wanted
  if (typeof found !== 'object' || found === null) return false
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(found) && found.length === wanted.length && wanted.every((each, at) => contains(found[at], each))
    )
  }
  return Object.entries(wanted).every(([name, value]) => contains((found as Record<string, unknown>)[name], value))
}
