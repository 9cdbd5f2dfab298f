import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJson } from '../../../test/reference/fixtures.ts'
import { builtInResources } from '../../api/all.ts'
import { aggregatedList, groupDocument, groupList, resourceList } from './documents.ts'
import { compareKubernetesVersions } from './group-order.ts'

const recorded = readJson<Record<string, unknown>>('discovery')

for (const [file, want] of Object.entries(recorded)) {
  const [kind, group = '', version = ''] = file.replace(/\.json$/, '').split('__')
  const isCore = version === '' && group === 'v1'
  const made: Record<string, () => unknown> = {
    resources: () => resourceList(builtInResources, isCore ? '' : group, isCore ? 'v1' : version),
    group: () => groupDocument(builtInResources, group),
    apis: () => groupList(builtInResources),
    'apis-aggregated': () => aggregated((definitionGroup) => definitionGroup !== ''),
    'api-aggregated': () => aggregated((definitionGroup) => definitionGroup === ''),
  }
  const make = made[kind!]
  if (make) test(`discovery of ${file} is upstream's`, () => assert.deepEqual(plain(make()), want))
}

function aggregated(isServed: (group: string) => boolean): unknown {
  const definitions = builtInResources.filter(({ group }) => isServed(group))
  return aggregatedList(definitions, 'apidiscovery.k8s.io/v2')
}

function plain(document: unknown): unknown {
  return JSON.parse(JSON.stringify(document))
}

test('versions stand in the order of their stability', () => {
  const versions = ['v1beta1', 'foo', 'v2', 'v1alpha2', 'v1', 'v1beta2', 'v10', 'bar']
  const want = ['v10', 'v2', 'v1', 'v1beta2', 'v1beta1', 'v1alpha2', 'bar', 'foo']
  assert.deepEqual(
    versions.sort((left, right) => compareKubernetesVersions(right, left)),
    want,
  )
})
