import { maxNodeScore, type Plugin } from '../framework.ts'

const mebibyte = 1024 * 1024
const leastBytes = 23 * mebibyte
const mostBytesPerContainer = 1000 * mebibyte

/** Prefers nodes that hold the Pod's images already, the larger the better, scaled by how many nodes hold them. */
export const imageLocality: Plugin = {
  name: 'ImageLocality',
  weight: 1,
  prepare(pod, cluster) {
    const { containers = [], initContainers = [] } = pod.spec ?? {}
    const images = [...initContainers, ...containers].map(({ image = '' }) => normalizedName(image))
    const spreads = images.map((image) => cluster.nodesWithImage(image) / cluster.nodes.length)
    if (spreads.every((spread) => spread === 0)) return undefined
    const most = mostBytesPerContainer * images.length
    return {
      score: (node) => {
        let bytes = 0
        images.forEach((image, i) => {
          bytes += Math.trunc((node.images.get(image) ?? 0) * spreads[i]!)
        })
        const counted = Math.min(most, Math.max(leastBytes, bytes))
        return Math.trunc((maxNodeScore * (counted - leastBytes)) / (most - leastBytes))
      },
    }
  },
}

/** `nginx` is `nginx:latest`; a colon before the last slash is a port, not a tag. */
function normalizedName(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image
}
