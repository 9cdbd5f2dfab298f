import { allAuthenticated, mastersGroup } from './authentication/authenticator.ts'
import type { UserInfo } from './request.ts'

/** As whom the server speaks to itself. */
export const ownIdentity: UserInfo = Object.freeze({
  name: 'system:apiserver',
  groups: Object.freeze([mastersGroup, allAuthenticated]),
  extra: Object.freeze({}),
})
