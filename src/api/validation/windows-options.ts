import type { FieldError } from '../../machinery/errors.ts'
import { invalidField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { WindowsSecurityContextOptions } from '../types/core/v1.ts'
import { checkSubdomain } from './checks.ts'

/** Whom a container on Windows runs as. After pkg/apis/core/validation validateWindowsSecurityContextOptions. */

const maxCredentialSpecKiB = 64
const maxDomainLength = 256
const maxUserLength = 104

const netBiosName = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/
const domainLabel = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?'
const domainName = new RegExp(`^${domainLabel}(?:\\.${domainLabel})*$`)

export function checkWindowsOptions(
  options: DeepReadonly<WindowsSecurityContextOptions> | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (!options) return
  const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options
  if (gmsaCredentialSpecName !== undefined) {
    checkSubdomain(gmsaCredentialSpecName, `${path}.gmsaCredentialSpecName`, errors)
  }
  if (gmsaCredentialSpec !== undefined) checkCredentialSpec(gmsaCredentialSpec, `${path}.gmsaCredentialSpec`, errors)
  if (runAsUserName !== undefined) checkUserName(runAsUserName, `${path}.runAsUserName`, errors)
}

function checkCredentialSpec(text: string, path: string, errors: FieldError[]): void {
  if (text === '') errors.push(invalidField(path, text, 'gmsaCredentialSpec cannot be an empty string'))
  else if (Buffer.byteLength(text) > maxCredentialSpecKiB * 1024) {
    errors.push(invalidField(path, text, `gmsaCredentialSpec size must be under ${maxCredentialSpecKiB} KiB`))
  }
}

function checkUserName(name: string, path: string, errors: FieldError[]): void {
  const wrong = (why: string) => errors.push(invalidField(path, name, `runAsUserName${why}`))
  if (name === '') return void wrong(' cannot be an empty string')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) return void wrong(' cannot contain control characters')
  const parts = name.split('\\')
  if (parts.length > 2) return void wrong(' cannot contain more than one backslash')
  const [domain, user = name] = parts.length === 2 ? parts : [undefined, name]
  if (domain !== undefined && domain.length >= maxDomainLength) {
    wrong(`'s Domain length must be under ${maxDomainLength} characters`)
  }
  if (domain !== undefined && !netBiosName.test(domain) && !domainName.test(domain)) {
    wrong("'s Domain doesn't match the NetBios nor the DNS format")
  }
  if (user === '') wrong("'s User cannot be empty")
  else if (user.length > maxUserLength) wrong(`'s User length must not be longer than ${maxUserLength} characters`)
  if (/^[. ]+$/.test(user)) wrong("'s User cannot contain only periods or spaces")
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) {
    wrong(`'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]`)
  }
}
