import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const projectDirectory = join(dirname(fileURLToPath(import.meta.url)), '..')

/** What is bundled on its own: dist/<key>.js. Worker threads load their file by URL, so each is an entry of its own. */
export const entryPoints: Record<string, string> = {
  kubets: 'src/cli/main.ts',
  index: 'src/index.ts',
  'store-worker': 'src/store/sqlite/worker.ts',
}
