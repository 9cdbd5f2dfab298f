/** Who can be asked, in the order upstream names them. ABAC is not among them. */
export const authorizerTypes = ['AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook'] as const
export type AuthorizerType = (typeof authorizerTypes)[number]

export function isAuthorizerType(type: string): type is AuthorizerType {
  return (authorizerTypes as readonly string[]).includes(type)
}
