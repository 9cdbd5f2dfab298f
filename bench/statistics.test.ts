import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holds } from './figure.ts'
import { median, perSecond, quantile } from './statistics.ts'

const medians: { title: string; samples: number[]; want: number }[] = [
  { title: 'of one sample is the sample', samples: [7], want: 7 },
  { title: 'of an odd number is the middle one, whatever their order', samples: [9, 1, 5], want: 5 },
  { title: 'of an even number is the mean of the middle two', samples: [4, 1, 3, 2], want: 2.5 },
  { title: 'compares numbers, not texts', samples: [100, 20, 3], want: 20 },
]
for (const { title, samples, want } of medians) {
  test(`the median ${title}`, () => assert.equal(median(samples), want))
}

const hundred = Array.from({ length: 100 }, (_, i) => i + 1)
const quantiles: { title: string; samples: number[]; share: number; want: number }[] = [
  { title: '99 of 100 is the last but one', samples: hundred, share: 0.99, want: 99 },
  { title: 'all is the greatest', samples: hundred, share: 1, want: 100 },
  { title: 'none is the least', samples: hundred, share: 0, want: 1 },
  { title: 'few samples is one of them', samples: [10, 20], share: 0.99, want: 20 },
]
for (const { title, samples, share, want } of quantiles) {
  test(`the quantile of ${title}`, () => assert.equal(quantile(samples, share), want))
}

test('no samples have no quantile', () => assert.throws(() => quantile([], 0.5), /no samples/))

test('a rate is counted per second', () => assert.equal(perSecond(50, 250), 200))

const bars: { title: string; value: number; bar?: { atLeast?: number; atMost?: number }; want: boolean | undefined }[] =
  [
    { title: 'without a bar is neither kept nor missed', value: 1, want: undefined },
    { title: 'at its lower bar keeps it', value: 10, bar: { atLeast: 10 }, want: true },
    { title: 'below its lower bar misses it', value: 9.9, bar: { atLeast: 10 }, want: false },
    { title: 'above its upper bar misses it', value: 10.1, bar: { atMost: 10 }, want: false },
  ]
for (const { title, value, bar, want } of bars) {
  test(`a figure ${title}`, () => assert.equal(holds({ name: 'x', unit: 's', value, ...(bar && { bar }) }), want))
}
