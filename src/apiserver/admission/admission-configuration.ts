import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseYaml } from '../../machinery/yaml.ts'
import {
  asFields,
  asList,
  asString,
  ConfigurationError,
  type Fields,
  parseConfiguration,
  refuseUnknown,
} from '../configuration/configuration-file.ts'
import type { AdmissionConfiguration } from './all.ts'
import { readPodSecurityConfiguration } from './pod-security/configuration.ts'

const file = {
  kind: 'AdmissionConfiguration',
  apiVersions: ['apiserver.config.k8s.io/v1', 'apiserver.k8s.io/v1alpha1'],
}

type Plugin = keyof AdmissionConfiguration

/** How each plugin's own configuration is read, which is whole when it gets here. */
const readers: { readonly [K in Plugin]: (fields: Fields, path: string) => AdmissionConfiguration[K] } = {
  EventRateLimit: (fields, path) => ({
    limits: asList(fields.limits, `${path}.limits`) as NonNullable<AdmissionConfiguration['EventRateLimit']>['limits'],
  }),
  PodNodeSelector: (fields, path) =>
    Object.fromEntries(
      Object.entries(asFields(fields.podNodeSelectorPluginConfig, path)).map(([name, selector]) => [
        name,
        asString(selector, `${path}.${name}`),
      ]),
    ),
  PodTolerationRestriction: (fields) => fields as NonNullable<AdmissionConfiguration['PodTolerationRestriction']>,
  PodSecurity: readPodSecurityConfiguration,
}

/**
 * What plugins are told by an AdmissionConfiguration; `path` is where it lies, since paths in it may be relative.
 * Throws a ConfigurationError. After apiserver admission/config.go v1.36.
 */
export function readAdmissionConfiguration(text: string, path: string): AdmissionConfiguration {
  const fields = parseConfiguration(text, file)
  refuseUnknown(fields, '', ['plugins'])
  const plugins = asList(fields.plugins, 'plugins').map((item, index) => {
    const at = `plugins[${index}]`
    const plugin = asFields(item, at)
    refuseUnknown(plugin, at, ['name', 'path', 'configuration'])
    const name = asString(plugin.name, `${at}.name`)
    if (!isConfigurable(name)) {
      throw new ConfigurationError(`${at}.name: the admission plugin ${JSON.stringify(name)} takes no configuration`)
    }
    return [name, readers[name](ownFields(plugin, at, path), `${at}.configuration`)]
  })
  return Object.fromEntries(plugins) as AdmissionConfiguration
}

function isConfigurable(name: string): name is Plugin {
  return Object.hasOwn(readers, name)
}

/** In place, or in a file of its own. */
function ownFields({ path, configuration }: Fields, at: string, file: string): Fields {
  if (configuration !== undefined) return asFields(configuration, `${at}.configuration`)
  const own = resolve(dirname(file), asString(path, `${at}.path`))
  try {
    return asFields(parseYaml(readFileSync(own, 'utf8')).value, own)
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new ConfigurationError(`${at}.path: cannot read ${own}: ${why}`, { cause: error })
  }
}
