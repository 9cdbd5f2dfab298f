import { define } from '../define.ts'
import { selfSubjectReviews, tokenReviews } from '../types/resources.ts'

/** Questions, answered when they are created and never stored. */
export const selfSubjectReview = define(selfSubjectReviews)
export const tokenReview = define(tokenReviews)
