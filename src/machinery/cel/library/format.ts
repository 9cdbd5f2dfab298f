/** Named formats. After apiserver pkg/cel/library/format.go v1.36. */

import { type FunctionDeclaration, globalFunction, memberFunction } from '../declarations.ts'
import { type CelType, listType, optionalType, receiverType, stringType } from '../types.ts'
import { noSuchOverload } from '../value-types.ts'
import { type CelValue, type Failure, Opaque, Optional, ValueList } from '../values.ts'
import { type NamedFormat, namedFormats } from './named-formats.ts'

export const formatType = receiverType('kubernetes.NamedFormat')

class FormatValue extends Opaque {
  readonly type: CelType = formatType
  override readonly patternSize: number
  readonly format: NamedFormat

  constructor(format: NamedFormat) {
    super()
    this.format = format
    this.patternSize = format.patternSize
  }

  equals(other: CelValue): boolean | Failure {
    return other instanceof FormatValue ? this.format === other.format : noSuchOverload
  }

  toString(): string {
    return this.format.name
  }
}

const formats: ReadonlyMap<string, FormatValue> = new Map(
  Object.entries(namedFormats).map(([name, format]) => [name, new FormatValue(format)]),
)

export const formatFunctions: readonly FunctionDeclaration[] = [
  memberFunction('validate', 'format-validate', {
    arguments: [formatType, stringType],
    result: optionalType(listType(stringType)),
    apply: (format, text) => {
      if (!(format instanceof FormatValue) || typeof text !== 'string') return noSuchOverload
      const errors = format.format.errors(text)
      return errors.length === 0 ? new Optional() : new Optional(new ValueList([...errors]))
    },
  }),
  globalFunction('format.named', 'format-named', {
    arguments: [stringType],
    result: optionalType(formatType),
    apply: (name) => (typeof name === 'string' ? new Optional(formats.get(name)) : noSuchOverload),
  }),
  ...[...formats].map(([name, format]) =>
    globalFunction(`format.${name}`, `format.${name}`, { arguments: [], result: formatType, apply: () => format }),
  ),
]
