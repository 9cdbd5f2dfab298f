import type { Authorizer } from '../../authorization/authorizer.ts'
import type { AdmissionMetrics } from '../admission-metrics.ts'
import type { MatchServices } from '../webhook/match-request.ts'

export interface PolicyServices extends MatchServices {
  /** Expressions can ask what the user may do. */
  readonly authorizer: Authorizer
  readonly metrics: AdmissionMetrics
}
