import type { TokenRequest } from '../api/types/authentication/v1.ts'
import type { Secret, ServiceAccount } from '../api/types/core/v1.ts'
import { secrets, serviceAccounts } from '../api/types/resources.ts'
import type { Client } from '../client/client.ts'
import { byNamespace, type Cached } from '../client/informer.ts'
import { type DeepReadonly, objectKey, type Stored } from '../machinery/object.ts'
import { isStatus } from '../machinery/status.ts'
import { type Controller, type ControllerContext, watch } from './controller.ts'

const tokenType = 'kubernetes.io/service-account-token'
const nameAnnotation = 'kubernetes.io/service-account.name'
const uidAnnotation = 'kubernetes.io/service-account.uid'
/** The longest a TokenRequest may ask for, 2^32 seconds: as good as the tokens without end that upstream writes. */
const lifetimeSeconds = 2 ** 32

/**
 * Fills Secrets of type `kubernetes.io/service-account-token`, and removes them with their ServiceAccount. The token is
 * asked of the API server, bound to the Secret, so that no key is needed here. After tokens_controller.go.
 */
export const serviceAccountToken: Controller = {
  name: 'serviceaccount-token-controller',
  create: (context) => {
    const all = context.informers.informerFor(secrets, { fieldSelector: `type=${tokenType}` })
    const accounts = context.informers.informerFor(serviceAccounts)
    const secretsOf = ({ metadata }: Cached<ServiceAccount>) =>
      all
        .byIndex(byNamespace, metadata.namespace ?? '')
        .filter((secret) => secret.metadata.annotations?.[nameAnnotation] === metadata.name)
    return {
      watches: [
        watch(all, ({ object, type }) => (type === 'deleted' ? [] : [objectKey(object)])),
        watch(accounts, ({ object }) => secretsOf(object).map(objectKey)),
      ],
      async reconcile(key) {
        const secret = all.get(key)
        if (secret && !secret.metadata.deletionTimestamp) await bringUpToDate(context, secret)
        return undefined
      },
    }
  },
}

async function bringUpToDate({ client, settings }: ControllerContext, secret: Cached<Secret>): Promise<void> {
  const account = await accountOf(client, secret)
  if (!account) return remove(client, secret)
  const { namespace = '', annotations = {} } = secret.metadata
  const data = {
    token: secret.data?.token,
    'ca.crt': Buffer.from(settings.certificateAuthority).toString('base64'),
    namespace: Buffer.from(namespace).toString('base64'),
  }
  const isComplete =
    data.token && data['ca.crt'] === secret.data?.['ca.crt'] && data.namespace === secret.data?.namespace
  if (isComplete && annotations[uidAnnotation] === account.metadata.uid) return
  const token = data.token ?? Buffer.from(await requestToken(client, account, secret)).toString('base64')
  const draft = structuredClone(secret) as Stored<Secret>
  const metadata = { ...draft.metadata, annotations: { ...annotations, [uidAnnotation]: account.metadata.uid } }
  await client.of(secrets).update({ ...draft, metadata, data: { ...draft.data, ...data, token } })
}

/** The account a Secret names, read from the server; undefined when it is gone or another of the same name. */
async function accountOf(
  client: Client,
  { metadata }: Cached<Secret>,
): Promise<DeepReadonly<Stored<ServiceAccount>> | undefined> {
  const { [nameAnnotation]: name, [uidAnnotation]: uid } = metadata.annotations ?? {}
  if (!name) return undefined
  try {
    const account = await client.of(serviceAccounts).get(name, { namespace: metadata.namespace ?? '' })
    return !uid || account.metadata.uid === uid ? account : undefined
  } catch (error) {
    if (isStatus(error, 'NotFound')) return undefined
    throw error
  }
}

async function requestToken(
  client: Client,
  account: DeepReadonly<Stored<ServiceAccount>>,
  secret: Cached<Secret>,
): Promise<string> {
  const { name, namespace = '' } = account.metadata
  const boundObjectRef = { apiVersion: 'v1', kind: 'Secret', name: secret.metadata.name, uid: secret.metadata.uid }
  const body: TokenRequest = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences: [], boundObjectRef, expirationSeconds: lifetimeSeconds },
  }
  const answer = await client.of(serviceAccounts).createSubresource<TokenRequest>(name, 'token', body, { namespace })
  if (!answer.status?.token) throw new Error('the answer to a TokenRequest has no token')
  return answer.status.token
}

async function remove(client: Client, { metadata }: Cached<Secret>): Promise<void> {
  const { name, namespace = '', uid, resourceVersion } = metadata
  try {
    await client.of(secrets).delete(name, { namespace, preconditions: { uid, resourceVersion } })
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
  }
}
