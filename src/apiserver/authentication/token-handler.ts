import { schemaForKind } from '../../api/schema/schema.ts'
import type { TokenRequest } from '../../api/types/authentication/v1.ts'
import type { KubeObject } from '../../machinery/object.ts'
import { admissionAttributes } from '../rest/admit.ts'
import { readBody } from '../rest/body.ts'
import { decodeBody } from '../rest/draft.ts'
import type { RestServices } from '../rest/resource-request.ts'
import type { SubresourceHandler } from '../rest/subresources/handler.ts'
import { optionsObject, writeOptions } from '../rest/write-options.ts'
import { issueToken, type TokenIssuer } from './token-request.ts'

const tokenRequestKind = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }

/** POST to `serviceaccounts/<name>/token`. */
export function tokenHandler(services: RestServices, issuer: TokenIssuer): SubresourceHandler {
  const { registry, admission } = services
  return async (context, target) => {
    const options = writeOptions(context.query, 'CreateOptions')
    const expected = { ...tokenRequestKind, schema: schemaForKind(tokenRequestKind) }
    const { fieldValidation } = options
    const decodeContext = { registry, fieldValidation, warnings: context.warnings }
    const request = decodeBody(await readBody(context), expected, decodeContext) as KubeObject & TokenRequest
    const attributes = admissionAttributes(
      { ...target, services, context },
      {
        operation: 'CREATE',
        name: target.name,
        object: request,
        oldObject: undefined,
        options: optionsObject('CreateOptions', options),
        dryRun: options.dryRun,
      },
    )
    await admission.mutate(attributes)
    await issueToken(request, { ...target, warn: (text) => context.warnings.push(text) }, issuer)
    await admission.validate(attributes)
    return { kind: 'object', status: 201, object: request }
  }
}
