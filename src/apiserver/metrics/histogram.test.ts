import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { Histogram } from './histogram.ts'

test('a histogram is rendered as Prometheus reads it: each bucket holds those below', async () => {
  const registry = new Registry()
  const histogram = new Histogram({ name: 'h', help: 'Some.', buckets: [0.5, 1] }, registry)
  histogram.series({ of: 'nothing' })
  for (const value of [0.25, 0.5, 0.75, 4]) histogram.series({ of: 'a "b"' }).observe(value)
  assert.equal(
    await registry.metrics(),
    [
      '# HELP h Some.',
      '# TYPE h histogram',
      'h_bucket{le="0.5",of="a \\"b\\""} 2',
      'h_bucket{le="1",of="a \\"b\\""} 3',
      'h_bucket{le="+Inf",of="a \\"b\\""} 4',
      'h_sum{of="a \\"b\\""} 5.5',
      'h_count{of="a \\"b\\""} 4',
      '',
    ].join('\n'),
  )
})
