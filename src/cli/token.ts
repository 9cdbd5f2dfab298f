import type { TokenRequest } from '../api/types/authentication/v1.ts'
import { serviceAccounts } from '../api/types/resources.ts'
import { UsageError } from '../cluster/usage-error.ts'
import { isStatus } from '../machinery/status.ts'
import { adminClient } from './admin-client.ts'
import { type DataDirFlag, dataDirOf } from './data-dir.ts'

/** `kubets token namespace/name`: prints a bearer token for a service account, through the API like everybody. */
export async function token(
  account: string,
  { duration, ...flags }: DataDirFlag & { readonly duration: string },
): Promise<void> {
  const [namespace, name] = account.split('/')
  if (!namespace || !name)
    throw new UsageError(`name the service account as namespace/name, not ${JSON.stringify(account)}`)
  const expirationSeconds = Number(duration)
  if (!Number.isInteger(expirationSeconds) || expirationSeconds < 600) {
    throw new UsageError('--duration must be a whole number of seconds, 600 or more')
  }
  const client = await adminClient(dataDirOf(flags))
  try {
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [], expirationSeconds },
    }
    const answer = await client.of(serviceAccounts).createSubresource<TokenRequest>(name, 'token', body, { namespace })
    console.log(answer.status?.token)
  } catch (error) {
    if (isStatus(error)) throw new UsageError(error.message, { cause: error })
    throw error
  } finally {
    await client.transport.close()
  }
}
