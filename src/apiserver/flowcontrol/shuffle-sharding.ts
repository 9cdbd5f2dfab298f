/**
 * Which queues a flow may wait in: a hand of cards dealt from the deck of all queues by the flow's hash, so that a
 * flow that floods its hand leaves most others a queue of their own. After apiserver util/shufflesharding v1.36.
 */
export function dealHand(hash: bigint, deckSize: number, handSize: number): number[] {
  const hand: number[] = []
  const remainders: number[] = []
  let rest = hash
  for (let dealt = 0; dealt < handSize; dealt++) {
    const left = BigInt(deckSize - dealt)
    remainders.push(Number(rest % left))
    rest /= left
  }
  for (let dealt = 0; dealt < handSize; dealt++) {
    let card = remainders[dealt]!
    for (let before = dealt; before > 0; before--) if (card >= remainders[before - 1]!) card++
    hand.push(card)
  }
  return hand
}
