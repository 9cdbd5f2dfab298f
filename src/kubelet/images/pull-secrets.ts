import type { ReferencedObjects } from '../containers/environment.ts'
import type { CriRequest } from '../cri/messages.ts'
import { namespaceOf, type ReadonlyPod } from '../pod/pod.ts'

interface DockerAuth {
  username?: string
  password?: string
  auth?: string
  identitytoken?: string
}

/** The credentials of the Pod's imagePullSecrets for the image's registry. Secrets that are missing or broken are passed over. */
export async function pullAuths(
  pod: ReadonlyPod,
  objects: ReferencedObjects,
  image: string,
): Promise<CriRequest<'AuthConfig'>[]> {
  const references = pod.spec?.imagePullSecrets ?? []
  const found = await Promise.all(references.map(({ name = '' }) => objects.secret(namespaceOf(pod), name)))
  return found.flatMap((secret) => {
    const config = secret?.data?.['.dockerconfigjson']
    const legacy = secret?.data?.['.dockercfg']
    const auths = config ? parse(config).auths : legacy ? parse(legacy) : undefined
    return authsFor((auths ?? {}) as Record<string, DockerAuth>, registryOf(image))
  })
}

function parse(base64: string): { auths?: unknown } {
  try {
    return JSON.parse(Buffer.from(base64, 'base64').toString('utf8')) as { auths?: unknown }
  } catch {
    // Not our object to judge: the pull goes on without it, as upstream's does.
    return {}
  }
}

/** `docker.io` for short names, as the container world has it. */
function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/')
  const isHost = rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost')
  return isHost ? first : 'docker.io'
}

function authsFor(auths: Record<string, DockerAuth>, registry: string): CriRequest<'AuthConfig'>[] {
  return Object.entries(auths)
    .filter(
      ([server]) => hostOf(server) === registry || (registry === 'docker.io' && hostOf(server) === 'index.docker.io'),
    )
    .map(([serverAddress, { username = '', password = '', auth = '', identitytoken = '' }]) => ({
      username,
      password,
      auth,
      serverAddress,
      identityToken: identitytoken,
    }))
}

const hostOf = (server: string) => server.replace(/^https?:\/\//, '').split('/')[0]
