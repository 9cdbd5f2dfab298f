import { pruneValue } from '../../../machinery/structural-schema/prune.ts'
import { additionalSchema, type StructuralSchema } from '../../../machinery/structural-schema/structural-schema.ts'
import { copyJson, equalJson, isJsonObject } from '../../../machinery/structural-schema/values.ts'
import { coerceEmbedded } from './embedded-resources.ts'
import { type Step, surround, valueAt } from './surrounding.ts'

/**
 * The schema with its defaults as objects will have them: without what the schema, or metadata as this server knows
 * it, has not. The very same schema when there is nothing to prune. After PruneDefaults of apiextensions-apiserver
 * pkg/apiserver/schema/defaulting prune.go v1.36.
 */
export function pruneDefaults(schema: StructuralSchema): StructuralSchema {
  return prune(schema, { root: schema, steps: [] })
}

interface Here {
  readonly root: StructuralSchema
  readonly steps: readonly Step[]
}

function prune(schema: StructuralSchema, here: Here): StructuralSchema {
  const below = (child: StructuralSchema, step: Step) => prune(child, { ...here, steps: [...here.steps, step] })
  const additional = additionalSchema(schema)
  const pruned: StructuralSchema = {
    ...schema,
    default: prunedDefault(schema.default, here),
    items: schema.items && below(schema.items, 0),
    additionalProperties: additional ? below(additional, '*') : schema.additionalProperties,
    properties: new Map([...schema.properties].map(([name, property]) => [name, below(property, name)])),
  }
  return isSame(schema, pruned) ? schema : pruned
}

function isSame(one: StructuralSchema, other: StructuralSchema): boolean {
  return (
    one.items === other.items &&
    one.additionalProperties === other.additionalProperties &&
    [...one.properties].every(([name, property]) => other.properties.get(name) === property) &&
    equalJson(one.default, other.default)
  )
}

function prunedDefault(value: unknown, { root, steps }: Here): unknown {
  if (value === undefined) return undefined
  const object = surround(copyJson(value), steps)
  // A default of the whole that is no object is refused elsewhere.
  if (!isJsonObject(object)) return value
  coerceEmbedded(object, root, { isResourceRoot: true, dropInvalidFields: true })
  pruneValue(object, root, { isResourceRoot: true })
  return valueAt(object, steps)
}
