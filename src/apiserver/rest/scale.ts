import type { ScalePaths } from '../../api/resource-definition.ts'
import type { Answer } from '../request.ts'
import type { ResourceRequest } from './resource-request.ts'

export function scaleVerbs(
  _paths: ScalePaths,
): Readonly<Record<string, (request: ResourceRequest) => Promise<Answer>>> {
  return {}
}
