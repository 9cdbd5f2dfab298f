import { notFound } from '../../machinery/errors.ts'
import type { Answer } from '../request.ts'
import { servedEntry } from './remote-conversion.ts'
import { objectStoreKey, type ResourceRequest, resourceName } from './resource-request.ts'
import { assertSeen, parameterError, parseRevision, watchRevisionError } from './resource-version.ts'
import { objectAnswer, responseForm } from './response-form.ts'
import type { ServedObject } from './stored-object.ts'

/** GET of one object, or of the part of it that a subresource shows. */
export async function get(request: ResourceRequest): Promise<Answer> {
  const { context, definition, services } = request
  const form = responseForm(context)
  const served = await currentObject(request)
  return objectAnswer(served, 200, { definition, form, nowMs: services.clock.nowMs() })
}

/** The object that the request names, as new as it asks for. Throws 404. */
export async function currentObject(request: ResourceRequest): Promise<ServedObject> {
  const { definition, namespace, name, services, context } = request
  const { store } = services
  const wanted = context.query.get('resourceVersion')
  if (wanted) {
    const parsed = parseRevision(wanted)
    if (!parsed.ok) throw watchRevisionError(parameterError(wanted, parsed.why))
    assertSeen(store, parsed.revision)
  } else await store.fresh()
  const entry = store.get(objectStoreKey(definition, namespace, name))
  if (!entry) throw notFound(resourceName(definition), name)
  return servedEntry(entry, definition)
}
