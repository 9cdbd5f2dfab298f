/** The package's version; `version.test.ts` holds it equal to package.json's. */
export const kubetsVersion = '0.1.0'

/** The Kubernetes release whose behaviour we have. */
export const kubernetesVersion = 'v1.36.2'
