import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { DeviceClass } from '../../types/resource/v1.ts'
import { isExtendedResource } from '../resources.ts'
import { checkList } from './lists.ts'
import { checkDeviceConfiguration } from './opaque-configuration.ts'
import { checkSelectors } from './selectors.ts'

const maxConfigurations = 32

/** After pkg/apis/resource/validation ValidateDeviceClass v1.36. */
export function validateDeviceClass({ spec }: DeepReadonly<DeviceClass>): FieldError[] {
  return specErrors(spec, false)
}

/** Parameters that stay as they were may be longer than new ones. */
export function validateDeviceClassUpdate(
  { spec }: DeepReadonly<DeviceClass>,
  old: DeepReadonly<DeviceClass>,
): FieldError[] {
  return specErrors(spec, isDeepStrictEqual(spec?.config, old.spec?.config))
}

function specErrors(spec: DeepReadonly<DeviceClass>['spec'] | undefined, isConfigStored: boolean): FieldError[] {
  const errors: FieldError[] = []
  const { selectors, config, extendedResourceName } = spec ?? {}
  checkSelectors(selectors, 'spec.selectors', errors)
  checkList(
    config,
    { most: maxConfigurations, check: (each, path) => checkDeviceConfiguration(each, isConfigStored, path, errors) },
    'spec.config',
    errors,
  )
  if (extendedResourceName !== undefined && !isExtendedResource(extendedResourceName)) {
    const path = 'spec.extendedResourceName'
    errors.push(invalidField(path, extendedResourceName, 'must be a valid extended resource name'))
  }
  return errors
}
