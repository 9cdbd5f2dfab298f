/** The parts of timestamps and durations. After cel-go common/stdlib/standard.go v0.26. */

import { type FunctionDeclaration, memberOverload } from '../declarations.ts'
import { type DateParts, datePartsIn } from '../time-values.ts'
import { durationType, intType, stringType, timestampType } from '../types.ts'
import { noSuchOverload } from '../value-types.ts'
import { type CelValue, Duration, Failure, Timestamp } from '../values.ts'

interface TimePart {
  readonly name: string
  readonly id: string
  readonly idWithZone?: string
  readonly of: (parts: DateParts) => number
}

const timestampParts: readonly TimePart[] = [
  { name: 'getFullYear', id: 'timestamp_to_year', of: ({ year }) => year },
  { name: 'getMonth', id: 'timestamp_to_month', of: ({ month }) => month },
  { name: 'getDayOfYear', id: 'timestamp_to_day_of_year', of: ({ dayOfYear }) => dayOfYear },
  { name: 'getDayOfMonth', id: 'timestamp_to_day_of_month', of: ({ day }) => day - 1 },
  { name: 'getDate', id: 'timestamp_to_day_of_month_1_based', of: ({ day }) => day },
  { name: 'getDayOfWeek', id: 'timestamp_to_day_of_week', of: ({ weekday }) => weekday },
  { name: 'getHours', id: 'timestamp_to_hours', of: ({ hour }) => hour },
  { name: 'getMinutes', id: 'timestamp_to_minutes', of: ({ minute }) => minute },
  {
    name: 'getSeconds',
    id: 'timestamp_to_seconds',
    idWithZone: 'timestamp_to_seconds_tz',
    of: ({ second }) => second,
  },
  { name: 'getMilliseconds', id: 'timestamp_to_milliseconds', of: ({ millisecond }) => millisecond },
]

const durationParts: readonly { name: string; id: string; nanos: bigint }[] = [
  { name: 'getHours', id: 'duration_to_hours', nanos: 3_600_000_000_000n },
  { name: 'getMinutes', id: 'duration_to_minutes', nanos: 60_000_000_000n },
  { name: 'getSeconds', id: 'duration_to_seconds', nanos: 1_000_000_000n },
  { name: 'getMilliseconds', id: 'duration_to_milliseconds', nanos: 1_000_000n },
]

export const timeFunctions: readonly FunctionDeclaration[] = [
  ...timestampParts.map(timestampFunction),
  ...durationParts.map(({ name, id, nanos }) => ({
    name,
    overloads: [
      memberOverload(id, {
        arguments: [durationType],
        result: intType,
        apply: (value) => (value instanceof Duration ? value.nanos / nanos : noSuchOverload),
      }),
    ],
  })),
]

function timestampFunction({ name, id, idWithZone, of }: TimePart): FunctionDeclaration {
  const part = (value: CelValue | undefined, zone: CelValue | undefined): CelValue => {
    if (!(value instanceof Timestamp) || typeof zone !== 'string') return noSuchOverload
    const parts = datePartsIn(value, zone)
    return parts instanceof Failure ? parts : BigInt(of(parts))
  }
  return {
    name,
    overloads: [
      memberOverload(id, { arguments: [timestampType], result: intType, apply: (value) => part(value, 'UTC') }),
      memberOverload(idWithZone ?? `${id}_with_tz`, {
        arguments: [timestampType, stringType],
        result: intType,
        apply: part,
      }),
    ],
  }
}
