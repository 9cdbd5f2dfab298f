import { createHash } from 'node:crypto'
import { tarArchive } from './tar.ts'

/** The runtime part of an image: the fields of the OCI image configuration that a container starts from. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly Env?: readonly string[]
  readonly WorkingDir?: string
  readonly User?: string
  readonly StopSignal?: string
  readonly ExposedPorts?: Readonly<Record<string, object>>
  readonly Volumes?: Readonly<Record<string, object>>
  readonly Labels?: Readonly<Record<string, string>>
}

export interface ArchiveImage {
  /** With tag: `registry.k8s.io/pause:3.10.1`. */
  readonly reference: string
  /** The image's only layer, an uncompressed tar archive. */
  readonly layer: Uint8Array
  readonly config: ImageConfig
  /** Go's name of the processor: `amd64`, `arm64`. */
  readonly architecture: string
}

/** An image as an OCI image layout in a tar archive. After the OCI image specification v1.1, image-layout.md. */
export function ociArchive(image: ArchiveImage): Buffer {
  const layer = blob(image.layer)
  const config = blob(imageConfig(image, layer.digest))
  const manifest = blob(
    json({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...descriptor(config) },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...descriptor(layer) }],
    }),
  )
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        ...descriptor(manifest),
        platform: { architecture: image.architecture, os: 'linux' },
        annotations: {
          'io.containerd.image.name': image.reference,
          'org.opencontainers.image.ref.name': image.reference,
        },
      },
    ],
  }
  return tarArchive([
    { path: 'oci-layout', data: json({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', data: json(index) },
    { path: 'blobs', type: 'directory' },
    { path: 'blobs/sha256', type: 'directory' },
    ...[layer, config, manifest].map(({ digest, data }) => ({ path: `blobs/sha256/${hexOf(digest)}`, data })),
  ])
}

/** The same image in the form that `docker save` writes. After the Docker image specification v1.2. */
export function dockerArchive(image: ArchiveImage): Buffer {
  const layer = blob(image.layer)
  const config = blob(imageConfig(image, layer.digest))
  const layerPath = `${hexOf(layer.digest)}/layer.tar`
  const configPath = `${hexOf(config.digest)}.json`
  return tarArchive([
    { path: configPath, data: config.data },
    { path: hexOf(layer.digest), type: 'directory' },
    { path: layerPath, data: layer.data },
    {
      path: 'manifest.json',
      data: json([{ Config: configPath, RepoTags: [image.reference], Layers: [layerPath] }]),
    },
  ])
}

function imageConfig({ config, architecture }: ArchiveImage, layerDigest: string): Buffer {
  return json({ architecture, os: 'linux', config, rootfs: { type: 'layers', diff_ids: [layerDigest] } })
}

interface Blob {
  digest: string
  data: Uint8Array
}

function blob(data: Uint8Array): Blob {
  return { digest: `sha256:${createHash('sha256').update(data).digest('hex')}`, data }
}

const hexOf = (digest: string) => digest.slice('sha256:'.length)
const descriptor = ({ digest, data }: Blob) => ({ digest, size: data.length })
const json = (value: unknown) => Buffer.from(JSON.stringify(value))
