import type { Logger } from '../../platform/log.ts'
import { mastersGroup } from '../authentication/authenticator.ts'
import { type FileObserver, type FollowedFile, openFollowedFile } from '../configuration/followed-file.ts'
import type { ReviewWebhookDependencies } from '../configuration/review-webhook.ts'
import type { AuthorizationMetrics } from './authorization-metrics.ts'
import {
  type Authorizer,
  allow,
  alwaysAllowedPaths,
  authorizerUnion,
  because,
  privilegedGroup,
  type Rule,
  type RuleResolver,
  ruleResolverUnion,
} from './authorizer.ts'
import type { AuthorizerType } from './authorizer-types.ts'
import { type ConfiguredAuthorizer, parseAuthorizationConfiguration } from './configuration.ts'
import { webhookAuthorizer } from './webhook.ts'

/** Who may do what. Node and RBAC if nothing is said. */
export type AuthorizationOptions =
  /** After --authorization-mode and --authorization-webhook-…, in the order they are asked. */
  | { readonly authorizers: readonly ConfiguredAuthorizer[] }
  /** The path of an AuthorizationConfiguration, which may change: --authorization-config. */
  | { readonly configurationFile: string }

/** The chain of all authorizers. */
export interface AuthorizationChain extends Authorizer, RuleResolver {
  /** Takes changes of the file up, if there is one, until `signal` aborts. */
  follow(signal: AbortSignal): Promise<void>
}

type Link = Authorizer & RuleResolver

export interface AuthorizationDependencies extends ReviewWebhookDependencies {
  readonly log: Logger
  readonly metrics: AuthorizationMetrics
  /** Of the configuration file. */
  readonly observer: FileObserver
  readonly node: Link
  readonly rbac: Link
}

const defaultAuthorizers: readonly ConfiguredAuthorizer[] = [{ type: 'Node' }, { type: 'RBAC' }]

/** Rejects with a ConfigurationError. After kubernetes pkg/kubeapiserver/authorizer v1.36. */
export async function createAuthorizationChain(
  options: AuthorizationOptions = { authorizers: defaultAuthorizers },
  dependencies: AuthorizationDependencies,
): Promise<AuthorizationChain> {
  if ('authorizers' in options) {
    return { ...chainOf(options.authorizers, dependencies), follow: () => Promise.resolve() }
  }
  let required: readonly AuthorizerType[] | undefined
  const file: FollowedFile<Link> = await openFollowedFile({
    ...dependencies,
    path: options.configurationFile,
    parse(text) {
      const authorizers = parseAuthorizationConfiguration(text, required)
      // What is there at the start must stay: others have been set up to rely on it.
      required ??= authorizers.map(({ type }) => type).filter((type) => type !== 'Webhook')
      return chainOf(authorizers, dependencies)
    },
  })
  return {
    authorize: (attributes) => file.current().authorize(attributes),
    rulesFor: (user, namespace) => file.current().rulesFor(user, namespace),
    follow: (signal) => file.follow(signal),
  }
}

/** Administrators always; then as configured. */
function chainOf(authorizers: readonly ConfiguredAuthorizer[], dependencies: AuthorizationDependencies): Link {
  const links = authorizers.map((authorizer) => {
    const name = authorizer.type === 'Webhook' ? authorizer.name : authorizer.type.toLowerCase()
    return dependencies.metrics.counted(authorizer.type, name, linkOf(authorizer, dependencies))
  })
  const hasRoles = authorizers.some(({ type }) => type === 'RBAC')
  return {
    ...authorizerUnion([
      privilegedGroup(mastersGroup),
      ...links,
      // A role allows these as well, once it is there: health is asked for before that.
      ...(hasRoles ? [alwaysAllowedPaths(['/healthz', '/readyz', '/livez'])] : []),
    ]),
    ...ruleResolverUnion(links),
  }
}

function linkOf(authorizer: ConfiguredAuthorizer, dependencies: AuthorizationDependencies): Link {
  switch (authorizer.type) {
    case 'Node':
      return dependencies.node
    case 'RBAC':
      return dependencies.rbac
    case 'AlwaysAllow':
      return alwaysAllow
    case 'AlwaysDeny':
      return alwaysDeny
    case 'Webhook':
      return webhookAuthorizer(authorizer.webhook, {
        ...dependencies,
        metrics: dependencies.metrics.webhook(authorizer.name),
      })
  }
}

const everything: readonly Rule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

const alwaysAllow: Link = { authorize: () => allow, rulesFor: () => ({ rules: everything, errors: [] }) }

const alwaysDeny: Link = {
  authorize: () => because('Everything is forbidden.'),
  rulesFor: () => ({ rules: [], errors: [] }),
}
