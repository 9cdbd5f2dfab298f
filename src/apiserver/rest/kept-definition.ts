import { equalValues } from './equal.ts'

/** What the two versions of a CustomResourceDefinition say in different places. */
type Json = Readonly<Record<string, unknown>>

/** Said of each version in v1; in v1beta1 said once, where it is the same for all. */
const shared = [
  { top: 'subresources', each: 'subresources' },
  { top: 'validation', each: 'schema' },
  { top: 'additionalPrinterColumns', each: 'additionalPrinterColumns' },
  { top: 'selectableFields', each: 'selectableFields' },
] as const

/** The spec of a CustomResourceDefinition in v1beta1, as upstream keeps it. After apiextensions/v1 conversion.go v1.36. */
export function toKeptSpec(spec: Json): Json {
  const { versions, conversion, ...rest } = spec
  let each = (versions as readonly Json[] | undefined) ?? []
  const top: Record<string, unknown> = {}
  for (const { top: name, each: member } of shared) {
    const value = each[0]?.[member]
    if (!each.every((version) => equalValues(version[member], value))) continue
    if (value !== undefined) top[name] = columnsOf(name, value, 'jsonPath', 'JSONPath')
    each = each.map((version) => ({ ...version, [member]: undefined }))
  }
  const kept = each.map((version) => withColumns(version, 'jsonPath', 'JSONPath'))
  const { group, names, scope, preserveUnknownFields = false } = rest
  const { validation, subresources, ...columns } = top
  // In the order of upstream's struct.
  return {
    group,
    ...(each.length > 0 && { version: each[0]!.name }),
    names,
    scope,
    ...(validation !== undefined && { validation }),
    ...(subresources !== undefined && { subresources }),
    versions: kept,
    ...columns,
    ...(conversion !== undefined && { conversion: toKeptConversion(conversion as Json) }),
    preserveUnknownFields,
  }
}

/** And back. Also of definitions that name but one version, in the way of before there were several. */
export function fromKeptSpec(spec: Json): Json {
  const { version, versions, conversion, preserveUnknownFields, ...rest } = spec
  const members: Record<string, unknown> = { ...rest }
  let each = (versions as readonly Json[] | undefined) ?? []
  if (each.length === 0 && version !== undefined) each = [{ name: version, served: true, storage: true }]
  for (const { top, each: member } of shared) {
    const value = members[top]
    delete members[top]
    if (value !== undefined) each = each.map((one) => ({ ...one, [member]: value }))
  }
  return {
    ...members,
    versions: each.map((one) => withColumns(one, 'JSONPath', 'jsonPath')),
    ...(conversion !== undefined && { conversion: fromKeptConversion(conversion as Json) }),
    ...(preserveUnknownFields === true && { preserveUnknownFields }),
  }
}

function withColumns(version: Json, from: string, to: string): Json {
  const columns = version.additionalPrinterColumns
  if (columns === undefined) return version
  return { ...version, additionalPrinterColumns: columnsOf('additionalPrinterColumns', columns, from, to) }
}

function columnsOf(member: string, value: unknown, from: string, to: string): unknown {
  if (member !== 'additionalPrinterColumns') return value
  return (value as readonly Json[]).map(({ [from]: path, ...column }) => ({ ...column, [to]: path }))
}

function toKeptConversion({ webhook, ...rest }: Json): Json {
  const { clientConfig, conversionReviewVersions } = (webhook ?? {}) as Json
  return {
    ...rest,
    ...(clientConfig !== undefined && { webhookClientConfig: clientConfig }),
    ...(conversionReviewVersions !== undefined && { conversionReviewVersions }),
  }
}

function fromKeptConversion({ webhookClientConfig, conversionReviewVersions, ...rest }: Json): Json {
  if (webhookClientConfig === undefined && conversionReviewVersions === undefined) return rest
  const clientConfig = webhookClientConfig !== undefined && { clientConfig: webhookClientConfig }
  return {
    ...rest,
    webhook: { ...clientConfig, ...(conversionReviewVersions !== undefined && { conversionReviewVersions }) },
  }
}
