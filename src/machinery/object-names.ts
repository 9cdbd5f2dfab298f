import { subdomainErrors } from './label-syntax.ts'

/** What is wrong with a name, in upstream's words; `prefix`: it is a generateName, to which letters are added. */
export type NameRule = (name: string, prefix: boolean) => readonly string[]

/** A name without a rule of its own is a DNS subdomain; a prefix may end with a dash. */
export const subdomainName: NameRule = (name, prefix) =>
  subdomainErrors(prefix && name.endsWith('-') ? `${name.slice(0, -1)}a` : name)

/** What no name may hold, since it stands in paths. After apimachinery api/validation/path. */
export const pathSegmentName: NameRule = (name, prefix) => {
  const errors: string[] = []
  if (!prefix && (name === '.' || name === '..')) errors.push(`may not be '${name}'`)
  for (const illegal of ['/', '%']) if (name.includes(illegal)) errors.push(`may not contain '${illegal}'`)
  return errors
}
