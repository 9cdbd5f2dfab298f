import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allocate, type Claim } from './concurrency-allocation.ts'

const claim = (target: number, lowerBound: number, upperBound: number): Claim => ({ target, lowerBound, upperBound })

const rows: readonly { title: string; sum: number; claims: readonly Claim[]; want: readonly number[] | undefined }[] = [
  {
    title: 'in proportion to the targets',
    sum: 60,
    claims: [claim(10, 0, 100), claim(20, 0, 100)],
    want: [20, 40],
  },
  {
    title: 'up to an upper bound, the rest to the others',
    sum: 60,
    claims: [claim(10, 0, 5), claim(20, 0, 100)],
    want: [5, 55],
  },
  {
    title: 'not below a lower bound',
    sum: 60,
    claims: [claim(30, 30, 100), claim(300, 0, 600)],
    want: [30, 30],
  },
  {
    title: 'all lower bounds where that is all there is',
    sum: 3,
    claims: [claim(5, 1, 9), claim(5, 2, 9)],
    want: [1, 2],
  },
  { title: 'all upper bounds where there is enough', sum: 18, claims: [claim(5, 1, 9), claim(5, 2, 9)], want: [9, 9] },
  { title: 'nothing where the bounds ask for more', sum: 2, claims: [claim(5, 1, 9), claim(5, 2, 9)], want: undefined },
  { title: 'nothing where a target is below its bound', sum: 20, claims: [claim(5, 10, 20)], want: undefined },
  { title: 'something for who wants nothing', sum: 10, claims: [claim(0, 0, 10), claim(0, 0, 10)], want: [5, 5] },
]

for (const { title, sum, claims, want } of rows) {
  test(`seats are divided: ${title}`, () => {
    const got = allocate(sum, claims)
    assert.deepEqual(
      got?.map((seats) => Math.round(seats * 1e6) / 1e6),
      want,
    )
  })
}
