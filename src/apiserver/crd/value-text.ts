import { formatJson } from '../../machinery/format-json.ts'
import { goText } from '../../machinery/go-text.ts'

/** A value as a JSON path prints it: objects and lists as JSON, all else as Go prints it. */
export function valueText(value: unknown): string {
  if (value === null) return '<no value>'
  return typeof value === 'object' ? formatJson(value) : goText(value)
}
