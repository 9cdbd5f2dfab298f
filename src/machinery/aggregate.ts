/** Several messages as one, each once. After apimachinery util/errors Aggregate.Error v1.36. */
export function aggregateMessage(messages: readonly string[]): string {
  const unique = [...new Set(messages)]
  return unique.length === 1 ? unique[0]! : `[${unique.join(', ')}]`
}
