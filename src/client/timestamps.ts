/** RFC 3339 to the second, as metav1.Time stands on the wire. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** RFC 3339 with six digits, as metav1.MicroTime stands on the wire. */
export function microTimestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/Z$/, '000Z')
}
