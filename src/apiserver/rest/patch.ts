import type { Strategy } from '../../api/resource-definition.ts'
import { methodNotSupported } from '../../machinery/errors.ts'
import type { Answer } from '../request.ts'
import { type ResourceRequest, resourceName } from './resource-request.ts'

export async function patch({ definition }: ResourceRequest, _strategy: Strategy): Promise<Answer> {
  throw methodNotSupported(resourceName(definition), 'patch')
}
