import type { Ingress } from '../../api/types/networking/v1.ts'
import { ingressClasses } from '../../api/types/resources.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { AdmissionPlugin } from './admission.ts'
import { newestDefault } from './newest-default.ts'
import { concerns } from './refuse.ts'

/** After plugin/pkg/admission/network/defaultingressclass v1.36. */
export function defaultIngressClass(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    handles: ['CREATE'],
    mutate(attributes) {
      if (!concerns(attributes, 'networking.k8s.io', 'ingresses')) return
      const ingress = attributes.object as Ingress
      if (ingress.spec?.ingressClassName !== undefined) return
      if (ingress.metadata?.annotations?.['kubernetes.io/ingress.class'] !== undefined) return
      const found = newestDefault(reader.list(ingressClasses), ['ingressclass.kubernetes.io/is-default-class'])
      if (found) ingress.spec = { ...ingress.spec, ingressClassName: found.metadata.name }
    },
  }
}
