import { type GoShape, goBoolean, goList, goNumber, goPointer, goString, goStruct, goValue } from '../go-json.ts'

/** Definitions as upstream's errors quote them: its internal types, each field written. After apiextensions types.go. */

const mapOf =
  (shape: GoShape): GoShape =>
  (value) => {
    if (value === undefined || value === null) return null
    // Go's encoder sorts the keys of maps.
    const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
    return Object.fromEntries(entries.map(([name, member]) => [name, shape(member)]))
  }

const isSchema = (value: unknown): boolean => typeof value === 'object' && !Array.isArray(value)

const schemaOrBoolean: GoShape = (value) =>
  isSchema(value) ? { Allows: true, Schema: goSchema(value) } : { Allows: value, Schema: null }

/** The form of `items`, a schema or a list of them. */
export const goItems: GoShape = (value) =>
  isSchema(value)
    ? { Schema: goSchema(value), JSONSchemas: null }
    : { Schema: null, JSONSchemas: goList((one) => goSchema(one))(value) }

const goDependency: GoShape = (value) =>
  isSchema(value) ? { Schema: goSchema(value), Property: null } : { Schema: null, Property: value }

export const goRule = goStruct([
  ['Rule', 'rule', goString],
  ['Message', 'message', goString],
  ['MessageExpression', 'messageExpression', goString],
  ['Reason', 'reason', goValue],
  ['FieldPath', 'fieldPath', goString],
  ['OptionalOldSelf', 'optionalOldSelf', goValue],
])

/** A JSONSchemaProps. */
export const goSchema: GoShape = (value) => schemaStruct(value)

const schemaStruct = goStruct([
  ['ID', 'id', goString],
  ['Schema', '$schema', goString],
  ['Ref', '$ref', goValue],
  ['Description', 'description', goString],
  ['Type', 'type', goString],
  ['Nullable', 'nullable', goBoolean],
  ['Format', 'format', goString],
  ['Title', 'title', goString],
  ['Default', 'default', goValue],
  ['Maximum', 'maximum', goValue],
  ['ExclusiveMaximum', 'exclusiveMaximum', goBoolean],
  ['Minimum', 'minimum', goValue],
  ['ExclusiveMinimum', 'exclusiveMinimum', goBoolean],
  ['MaxLength', 'maxLength', goValue],
  ['MinLength', 'minLength', goValue],
  ['Pattern', 'pattern', goString],
  ['MaxItems', 'maxItems', goValue],
  ['MinItems', 'minItems', goValue],
  ['UniqueItems', 'uniqueItems', goBoolean],
  ['MultipleOf', 'multipleOf', goValue],
  ['Enum', 'enum', goList()],
  ['MaxProperties', 'maxProperties', goValue],
  ['MinProperties', 'minProperties', goValue],
  ['Required', 'required', goList()],
  ['Items', 'items', goPointer(goItems)],
  ['AllOf', 'allOf', goList(goSchema)],
  ['OneOf', 'oneOf', goList(goSchema)],
  ['AnyOf', 'anyOf', goList(goSchema)],
  ['Not', 'not', goPointer(goSchema)],
  ['Properties', 'properties', mapOf(goSchema)],
  ['AdditionalProperties', 'additionalProperties', goPointer(schemaOrBoolean)],
  ['PatternProperties', 'patternProperties', mapOf(goSchema)],
  ['Dependencies', 'dependencies', mapOf(goDependency)],
  ['AdditionalItems', 'additionalItems', goPointer(schemaOrBoolean)],
  ['Definitions', 'definitions', mapOf(goSchema)],
  [
    'ExternalDocs',
    'externalDocs',
    goPointer(
      goStruct([
        ['Description', 'description', goString],
        ['URL', 'url', goString],
      ]),
    ),
  ],
  ['Example', 'example', goValue],
  ['XPreserveUnknownFields', 'x-kubernetes-preserve-unknown-fields', goValue],
  ['XEmbeddedResource', 'x-kubernetes-embedded-resource', goBoolean],
  ['XIntOrString', 'x-kubernetes-int-or-string', goBoolean],
  ['XListMapKeys', 'x-kubernetes-list-map-keys', goList()],
  ['XListType', 'x-kubernetes-list-type', goValue],
  ['XMapType', 'x-kubernetes-map-type', goValue],
  ['XValidations', 'x-kubernetes-validations', goList(goRule)],
])

const goSubresources = goStruct([
  ['Status', 'status', goValue],
  [
    'Scale',
    'scale',
    goPointer(
      goStruct([
        ['SpecReplicasPath', 'specReplicasPath', goString],
        ['StatusReplicasPath', 'statusReplicasPath', goString],
        ['LabelSelectorPath', 'labelSelectorPath', goValue],
      ]),
    ),
  ],
])

const goColumn = goStruct([
  ['Name', 'name', goString],
  ['Type', 'type', goString],
  ['Format', 'format', goString],
  ['Description', 'description', goString],
  ['Priority', 'priority', goNumber],
  ['JSONPath', 'jsonPath', goString],
])

/** A CustomResourceDefinitionVersion. */
export const goVersion = goStruct([
  ['Name', 'name', goString],
  ['Served', 'served', goBoolean],
  ['Storage', 'storage', goBoolean],
  ['Deprecated', 'deprecated', goBoolean],
  ['DeprecationWarning', 'deprecationWarning', goValue],
  ['Schema', 'schema', goPointer(goStruct([['OpenAPIV3Schema', 'openAPIV3Schema', goPointer(goSchema)]]))],
  ['Subresources', 'subresources', goPointer(goSubresources)],
  ['AdditionalPrinterColumns', 'additionalPrinterColumns', goList(goColumn)],
  ['SelectableFields', 'selectableFields', goList(goStruct([['JSONPath', 'jsonPath', goString]]))],
])
