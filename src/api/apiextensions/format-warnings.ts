import type { DeepReadonly } from '../../machinery/object.ts'
import { isSupportedFormat } from '../../machinery/structural-schema/formats.ts'
import type { CustomResourceDefinition } from '../types/apiextensions/v1.ts'
import { internalSpec, schemasOf } from '../validation/apiextensions/internal-form.ts'
import { someSchema } from '../validation/apiextensions/schema-tree.ts'

type Definition = DeepReadonly<CustomResourceDefinition>

/**
 * Formats that a definition names and nobody checks; what the old one named already is not said again. After
 * apiextensions-apiserver registry/customresourcedefinition/strategy.go v1.36.
 */
export function formatWarnings(definition: Definition, old: Definition | undefined): string[] {
  const known = old ? unrecognizedFormats(old) : new Set<string>()
  const added = [...unrecognizedFormats(definition)].filter((format) => !known.has(format))
  return added.map((format) => `unrecognized format ${JSON.stringify(format)}`)
}

function unrecognizedFormats({ spec }: Definition): Set<string> {
  const formats = new Set<string>()
  for (const root of schemasOf(internalSpec(spec))) {
    someSchema(root, ({ format, type }) => {
      if (format && !isSupportedFormat(format, type ? [type] : [])) formats.add(format)
      return false
    })
  }
  return formats
}
