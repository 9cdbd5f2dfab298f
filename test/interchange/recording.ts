import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { KubeObject } from '../../src/machinery/object.ts'

/** What a kube-apiserver v1.36 left in etcd, and what it answered of that. `record.ts` makes it. */
export interface Recording {
  readonly values: readonly RecordedValue[]
  /** The items of each list, by its path. */
  readonly lists: Readonly<Record<string, readonly KubeObject[]>>
}

export interface RecordedValue {
  readonly key: string
  /** base64 */
  readonly value: string
}

const file = join(import.meta.dirname, '..', 'fixtures', 'interchange', 'kube-apiserver-v1.36.json.gz')

export function readRecording(): Recording {
  return JSON.parse(gunzipSync(readFileSync(file)).toString()) as Recording
}

export function writeRecording(recording: Recording): void {
  writeFileSync(file, gzipSync(JSON.stringify(recording), { level: 9 }))
}

/** What every server makes for itself: a hundred roles, and what tells where it is. */
const ownObjects = [
  /(^|\/)system:[^/]*$/,
  /\/(kubernetes|apiserver-[a-z0-9]+|extension-apiserver-authentication)$/,
  /\/(masterleases|events\/default|apiregistration.k8s.io)\//,
]

/** Whether an object is one that the recording keeps, by its key in etcd or its list's path, namespace and name. */
export function isRecorded(name: string): boolean {
  return !ownObjects.some((pattern) => pattern.test(name))
}

/** Where a listed object stands: `namespace/name`. */
export function placeOf({ metadata }: KubeObject): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`
}
