import { fileURLToPath } from 'node:url'

/** The command line's entry point: `src/cli/main.ts` from the sources, `dist/kubets.js` from the bundle. */
export const kubetsProgram: string = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../cli/main.ts' : './kubets.js', import.meta.url),
)
