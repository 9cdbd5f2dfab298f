/**
 * Replaces `$(NAME)` by its value; an unknown name stays as it is, and `$$` stands for one dollar sign.
 * `$(A) $$(A) $(B)` with A=1 gives `1 $(A) $(B)`. After k8s.io/kubernetes v1.36 third_party/forked/golang/expansion.
 */
export function expand(text: string, lookUp: (name: string) => string | undefined): string {
  return text.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (match, name?: string) => {
    if (name === undefined) return '$'
    return lookUp(name) ?? match
  })
}
