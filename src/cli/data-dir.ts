import { type ClusterOptions, optionsFromEnvironment, resolveOptions } from '../cluster/options.ts'

export interface DataDirFlag {
  readonly dataDir?: string
}

/** The data directory a command is about: the flag, then `KUBETS_DATA_DIR`, then the default. */
export function dataDirOf({ dataDir }: DataDirFlag): ClusterOptions['dataDir'] {
  return resolveOptions(optionsFromEnvironment(process.env), { dataDir }).dataDir
}
