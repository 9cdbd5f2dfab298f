/** Questions to the authorizer. After apiserver pkg/cel/library/authz.go v1.36. */

import { type FunctionDeclaration, memberFunction, memberOverload } from '../declarations.ts'
import { boolType, type CelType, stringType } from '../types.ts'
import { noSuchOverload } from '../value-types.ts'
import { type CelValue, Failure } from '../values.ts'
import {
  type AuthorizationDecision,
  AuthorizerValue,
  authorizerType,
  DecisionValue,
  decisionType,
  GroupCheckValue,
  groupCheckType,
  PathCheckValue,
  pathCheckType,
  ResourceCheckValue,
  type ResourceParts,
  resourceCheckType,
} from './authorizer-values.ts'
import { namedFormats } from './named-formats.ts'

export const authorizationFunctions: readonly FunctionDeclaration[] = [
  memberFunction('path', 'authorizer_path', {
    arguments: [authorizerType, stringType],
    result: pathCheckType,
    apply: (authorizer, path) => {
      if (!(authorizer instanceof AuthorizerValue) || typeof path !== 'string') return noSuchOverload
      if (path.trim() === '') return new Failure('path must not be empty')
      return new PathCheckValue(authorizer, path)
    },
  }),
  memberFunction('group', 'authorizer_group', {
    arguments: [authorizerType, stringType],
    result: groupCheckType,
    apply: (authorizer, group) =>
      authorizer instanceof AuthorizerValue && typeof group === 'string'
        ? new GroupCheckValue(authorizer, group)
        : noSuchOverload,
  }),
  memberFunction('serviceAccount', 'authorizer_serviceaccount', {
    arguments: [authorizerType, stringType, stringType],
    result: authorizerType,
    apply: serviceAccount,
  }),
  memberFunction('resource', 'groupcheck_resource', {
    arguments: [groupCheckType, stringType],
    result: resourceCheckType,
    apply: (check, resource) => {
      if (!(check instanceof GroupCheckValue) || typeof resource !== 'string') return noSuchOverload
      if (resource.trim() === '') return new Failure('resource must not be empty')
      return new ResourceCheckValue(check.authorizer, { group: check.group, resource })
    },
  }),
  narrowing('subresource', 'resourcecheck_subresource'),
  narrowing('namespace', 'resourcecheck_namespace'),
  narrowing('name', 'resourcecheck_name'),
  narrowing('fieldSelector', 'authorizer_fieldselector'),
  narrowing('labelSelector', 'authorizer_labelselector'),
  {
    name: 'check',
    overloads: [
      memberOverload('pathcheck_check', { arguments: [pathCheckType, stringType], result: decisionType, apply: check }),
      memberOverload('resourcecheck_check', {
        arguments: [resourceCheckType, stringType],
        result: decisionType,
        apply: check,
      }),
    ],
  },
  answer('errored', boolType, ({ error }) => error !== undefined),
  answer('error', stringType, ({ error }) => error ?? ''),
  answer('allowed', boolType, ({ allowed }) => allowed),
  answer('reason', stringType, ({ reason }) => reason),
]

function serviceAccount(authorizer?: CelValue, namespace?: CelValue, name?: CelValue): CelValue {
  if (!(authorizer instanceof AuthorizerValue)) return noSuchOverload
  if (typeof namespace !== 'string' || typeof name !== 'string') return noSuchOverload
  const isInvalid = (format: string, text: string) => namedFormats[format]!.errors(text).length > 0
  if (isInvalid('dns1123Subdomain', name)) return new Failure('Invalid service account name')
  if (isInvalid('dns1123Label', namespace)) return new Failure('Invalid service account namespace')
  return authorizer.as({ namespace, name })
}

/** One part more of what is asked about. */
function narrowing(
  name: 'subresource' | 'namespace' | 'name' | 'fieldSelector' | 'labelSelector',
  id: string,
): FunctionDeclaration {
  return memberFunction(name, id, {
    arguments: [resourceCheckType, stringType],
    result: resourceCheckType,
    apply: (resource, text) =>
      resource instanceof ResourceCheckValue && typeof text === 'string'
        ? resource.with({ [name]: text } as Partial<ResourceParts>)
        : noSuchOverload,
  })
}

function check(subject?: CelValue, verb?: CelValue): CelValue {
  if (typeof verb !== 'string') return noSuchOverload
  if (subject instanceof PathCheckValue || subject instanceof ResourceCheckValue) return subject.check(verb)
  return noSuchOverload
}

function answer(name: string, result: CelType, of: (decision: AuthorizationDecision) => CelValue): FunctionDeclaration {
  return memberFunction(name, `decision_${name}`, {
    arguments: [decisionType],
    result,
    apply: (value) => (value instanceof DecisionValue ? of(value.decision) : noSuchOverload),
  })
}
