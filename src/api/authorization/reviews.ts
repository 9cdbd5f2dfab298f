import { define } from '../define.ts'
import {
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
} from '../types/resources.ts'

/** Questions, answered when they are created and never stored. */
export const localSubjectAccessReview = define(localSubjectAccessReviews)
export const selfSubjectAccessReview = define(selfSubjectAccessReviews)
export const selfSubjectRulesReview = define(selfSubjectRulesReviews)
export const subjectAccessReview = define(subjectAccessReviews)
