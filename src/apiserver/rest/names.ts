/** The letters of generated names: no vowels, so that no words arise. After apimachinery util/rand. */
const letters = 'bcdfghjklmnpqrstvwxz2456789'
const suffixLength = 5
const maxNameLength = 63

/** `base` and five random letters, cut so that a DNS label remains. After apiserver storage/names v1.36. */
export function generateName(base: string, random: (limit: number) => number): string {
  let name = base.slice(0, maxNameLength - suffixLength)
  for (let index = 0; index < suffixLength; index++) name += letters[random(letters.length)]
  return name
}
