import type { AdmissionPlugin } from './admission.ts'
import { refuse } from './refuse.ts'

/** Two plugins for tests of upstream's that have kept their names. After plugin/pkg/admission/admit and deny v1.36. */
export const alwaysAdmit: AdmissionPlugin = { name: 'AlwaysAdmit', handles: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] }

export const alwaysDeny: AdmissionPlugin = {
  name: 'AlwaysDeny',
  handles: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'],
  mutate(attributes) {
    throw refuse(attributes, 'admission control is denying all modifications')
  },
}
