import { isStatus } from '../../machinery/status.ts'
import type { Answer } from '../request.ts'
import { deleteObject } from './delete-object.ts'
import { deleteOptions } from './delete-options.ts'
import { type SelectedObjects, selectedObjects } from './list.ts'
import { type ListOptions, listOptions } from './list-options.ts'
import type { ResourceRequest } from './resource-request.ts'
import { listAnswer, responseForm } from './response-form.ts'
import type { DeleteOptions } from './write-options.ts'

/** How many objects of a collection are being deleted at the same time. */
const workers = 16

/** After registry/generic/registry/store.go deleteCollectionPageSize. */
const pageSize = 10_000

/** DELETE of a collection: every object that the selectors let through. Answers what was there. */
export async function removeCollection(request: ResourceRequest): Promise<Answer> {
  const { context, definition, services } = request
  const form = responseForm(context)
  const listed = listOptions(context.query, false)
  const options = await deleteOptions(request)
  const { metadata, items } = await toDelete(request, listed)
  const names = items.map(({ object }) => object.metadata!.name!)
  await deleteAll(request, names, options)
  return listAnswer(metadata, items, { definition, form, nowMs: services.clock.nowMs() })
}

/** One page where the client asks for a limit; otherwise all pages, as upstream reads them. */
async function toDelete(request: ResourceRequest, listed: ListOptions): Promise<SelectedObjects> {
  if (listed.limit > 0) return selectedObjects(request, listed)
  const first = await selectedObjects(request, { ...listed, limit: pageSize })
  const items = [...first.items]
  let token = first.metadata.continue
  while (token !== undefined) {
    const next = { ...listed, resourceVersion: undefined, resourceVersionMatch: undefined }
    const page = await selectedObjects(request, { ...next, limit: pageSize, continue: token })
    items.push(...page.items)
    token = page.metadata.continue
  }
  return { metadata: first.metadata, items }
}

/** Stops at the first failure, and answers only when nothing is under way any more. */
async function deleteAll(request: ResourceRequest, names: readonly string[], options: DeleteOptions): Promise<void> {
  let next = 0
  const work = async () => {
    try {
      while (next < names.length) await deleteOne(request, names[next++]!, options)
    } finally {
      next = names.length
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: Math.min(workers, names.length) }, work))
  const failure = ended.find((result) => result.status === 'rejected')
  if (failure) throw failure.reason
}

/** One that somebody else has deleted meanwhile is as good as deleted. */
async function deleteOne(request: ResourceRequest, name: string, options: DeleteOptions): Promise<void> {
  try {
    await deleteObject({ ...request, name }, name, { ...options })
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
  }
}
