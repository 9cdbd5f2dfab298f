import {
  type AskAuthorizer,
  AuthorizerValue,
  PendingDecision,
} from '../../../machinery/cel/library/authorizer-values.ts'
import { serviceAccountUser } from '../../authentication/service-account-token.ts'
import type { Authorizer } from '../../authorization/authorizer.ts'
import type { AdmissionAttributes } from '../admission.ts'
import { requestNamespace } from '../webhook/request-kind.ts'
import type { Authorizers } from './evaluation.ts'

/** What expressions can ask about rights, for one request: its decisions are remembered. */
export function requestAuthorizers(authorizer: Authorizer, attributes: AdmissionAttributes): Authorizers {
  const { definition, subresource, name } = attributes
  const value = new AuthorizerValue(asking(authorizer, attributes))
  return {
    authorizer: value,
    requestResource: value.resourceCheck({
      group: definition.group,
      resource: definition.plural,
      subresource,
      namespace: requestNamespace(attributes),
      name,
    }),
  }
}

function asking(authorizer: Authorizer, { user }: AdmissionAttributes): AskAuthorizer {
  return ({ serviceAccount, verb, path, group = '', resource = '', subresource = '', ...rest }) => {
    const { namespace = '', name = '', fieldSelector } = rest
    return authorizer.authorize({
      user: serviceAccount ? serviceAccountUser(serviceAccount.namespace, serviceAccount.name) : user,
      verb,
      isResourceRequest: path === undefined,
      group,
      version: path === undefined ? '*' : '',
      resource,
      subresource,
      namespace,
      name,
      path: path ?? '',
      ...(fieldSelector !== undefined && { fieldSelector }),
    })
  }
}

/** Runs expressions again from the start whenever a decision they waited for has come. They must have no effects. */
export async function settled<T>(run: () => T): Promise<T> {
  for (;;) {
    try {
      return run()
    } catch (error) {
      if (!(error instanceof PendingDecision)) throw error
      await error.decision
    }
  }
}
