import { Option } from 'commander'
import { type ApiServerFlag, apiServerFlags } from '../cluster/api-server-flags.ts'
import { kebabCase } from '../cluster/option-readers.ts'

const helpWidth = 100

/** The flags that kubets shares with kube-apiserver, for a command's definition. */
export function apiServerOptions(): Option[] {
  return Object.entries<ApiServerFlag>(apiServerFlags).map(([name, { value, isRepeatable }]) => {
    const option = new Option(`--${kebabCase(name)} ${value}`).hideHelp()
    return isRepeatable ? option.argParser((given, before?: string[]) => [...(before ?? []), given]) : option
  })
}

/** One heading for all of them: what they do, kube-apiserver's documentation says. */
export function apiServerHelp(): string {
  const lines = ['\nAPI server (kube-apiserver has the same flags; docs/api-server.md):']
  let line = ' '
  for (const name of Object.keys(apiServerFlags)) {
    const flag = ` --${kebabCase(name)}`
    if (line.length + flag.length > helpWidth) {
      lines.push(line)
      line = ' '
    }
    line += flag
  }
  return [...lines, line].join('\n')
}
