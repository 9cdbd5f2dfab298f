import { customResourceDefinitions } from '../../api/types/resources.ts'
import { forbidden } from '../../machinery/errors.ts'
import type { AdmissionPlugin } from '../admission/admission.ts'
import type { ObjectReader } from '../object-reader.ts'
import { isConditionTrue } from './conditions.ts'

/**
 * Nothing custom is created while its definition is going. Upstream puts this around all plugins; it has no name there
 * and cannot be disabled. After forbidCreateAdmission of customresource_handler.go v1.36.
 */
export function refuseWhileTerminating(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'CustomResourceTerminating',
    handles: ['CREATE'],
    mutate({ definition: { custom, group, plural }, name, subresource }) {
      if (!custom || subresource !== '') return
      const definition = reader.get(customResourceDefinitions, `${plural}.${group}`)
      if (!definition || !isConditionTrue(definition, 'Terminating')) return
      const why = 'create not allowed while custom resource definition is terminating'
      throw forbidden({ group, resource: plural }, name, why)
    },
  }
}
