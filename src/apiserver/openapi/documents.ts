import type { ResourceDefinition } from '../../api/resource-definition.ts'
import { type Operation, type Path, pathsOf } from './operations.ts'
import { Definitions, type Dialect, type OpenApiNode, openApiV2, openApiV3, patchDefinition } from './schemas.ts'

const mediaTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']
const watchMediaTypes = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']
const patchMediaTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]

const customMediaTypes = ['application/json', 'application/yaml']
const customPatchMediaTypes = patchMediaTypes.filter((type) => !type.includes('strategic'))

/** The OpenAPI v2 document of all resources. */
export function documentV2(resources: readonly ResourceDefinition[]): OpenApiNode {
  const writer = new DocumentWriter(openApiV2)
  const paths = writer.paths(resources)
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: '1.36' },
    paths,
    definitions: writer.definitions(),
    securityDefinitions: { BearerToken: bearerToken },
    security: [{ BearerToken: [] }],
  }
}

/** The OpenAPI v3 document of the resources of one group-version. */
export function documentV3(resources: readonly ResourceDefinition[]): OpenApiNode {
  const writer = new DocumentWriter(openApiV3)
  const paths = writer.paths(resources)
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths,
    components: { schemas: writer.definitions(), securitySchemes: { BearerToken: bearerToken } },
  }
}

const bearerToken = { type: 'apiKey', name: 'authorization', in: 'header' }

class DocumentWriter {
  readonly #definitions: Definitions
  readonly #isV3: boolean

  constructor(dialect: Dialect) {
    this.#definitions = new Definitions(dialect)
    this.#isV3 = dialect.version === 'v3'
  }

  definitions(): OpenApiNode {
    return this.#definitions.toJson()
  }

  paths(resources: readonly ResourceDefinition[]): OpenApiNode {
    for (const { custom, schema } of resources) {
      if (custom) this.#definitions.add(schema.name, custom.openApi(this.#isV3 ? 'v3' : 'v2'))
    }
    const paths = resources.flatMap((definition) => pathsOf(definition))
    const entries = paths.map((path): [string, OpenApiNode] => [path.path, this.#path(path)])
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  #path({ path, pathParameters, operations }: Path): OpenApiNode {
    const written = operations.map((operation): [string, OpenApiNode] => [
      operation.method,
      this.#operation(operation, path),
    ])
    const inPath = pathParameters.map((name) => this.#parameter(name, 'path'))
    return { ...Object.fromEntries(written), parameters: [...inPath, this.#parameter('pretty', 'query')] }
  }

  #operation(operation: Operation, path: string): OpenApiNode {
    const { answer } = operation
    const parts: OperationParts = {
      common: {
        tags: [tagOf(path)],
        operationId: operation.operationId,
        'x-kubernetes-action': operation.action,
        'x-kubernetes-group-version-kind': operation.groupVersionKind,
      },
      parameters: operation.query.map((name) => this.#parameter(name, 'query')),
      body: this.#body(operation),
      consumes: consumedTypes(operation),
      produces: producedTypes(operation),
      answer: answer === undefined ? { type: 'string' } : this.#definitions.reference(answer),
    }
    return this.#isV3 ? operationV3(operation, parts) : operationV2(operation, parts)
  }

  #body({ body }: Operation): OpenApiNode | undefined {
    if (body === 'patch') return this.#definitions.plainReference(patchDefinition)
    return body && this.#definitions.reference(body)
  }

  #parameter(name: string, place: 'path' | 'query'): OpenApiNode {
    const type = { type: parameterTypes[name] ?? 'string', uniqueItems: true }
    const required = place === 'path' ? { required: true } : {}
    return this.#isV3 ? { name, in: place, ...required, schema: type } : { ...type, name, in: place, ...required }
  }
}

function consumedTypes({ body, isCustom }: Operation): readonly string[] {
  if (body !== 'patch') return isCustom ? customMediaTypes : ['*/*']
  return isCustom ? customPatchMediaTypes : patchMediaTypes
}

function producedTypes({ action, isCustom }: Operation): readonly string[] {
  if (isCustom) return customMediaTypes
  return action === 'list' ? [...mediaTypes, ...watchMediaTypes] : mediaTypes
}

/** What both dialects say of an operation, each in its own place. */
interface OperationParts {
  readonly common: OpenApiNode
  readonly parameters: readonly OpenApiNode[]
  readonly body: OpenApiNode | undefined
  readonly consumes: readonly string[]
  readonly produces: readonly string[]
  readonly answer: OpenApiNode
}

function operationV2(operation: Operation, parts: OperationParts): OpenApiNode {
  const { common, parameters, body, consumes, produces, answer } = parts
  const required = operation.bodyRequired ? { required: true } : {}
  const bodyParameter = { name: 'body', in: 'body', ...required, schema: body }
  return {
    ...common,
    consumes,
    produces,
    schemes: ['https'],
    parameters: body === undefined ? parameters : [bodyParameter, ...parameters],
    responses: responsesOf(operation, { schema: answer }),
  }
}

function operationV3(operation: Operation, parts: OperationParts): OpenApiNode {
  const { common, parameters, body, consumes, produces, answer } = parts
  const content = (types: readonly string[], schema: OpenApiNode) =>
    Object.fromEntries(types.map((type) => [type, { schema }]))
  const required = operation.bodyRequired ? { required: true } : {}
  return {
    ...common,
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { content: content(consumes, body), ...required } }),
    responses: responsesOf(operation, { content: content(produces, answer) }),
  }
}

const parameterTypes: Readonly<Record<string, string>> = {
  allowWatchBookmarks: 'boolean',
  force: 'boolean',
  gracePeriodSeconds: 'integer',
  ignoreStoreReadErrorWithClusterBreakingPotential: 'boolean',
  limit: 'integer',
  orphanDependents: 'boolean',
  sendInitialEvents: 'boolean',
  timeoutSeconds: 'integer',
  watch: 'boolean',
}

const codeTexts: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted', 401: 'Unauthorized' }

/** OpenAPI insists on a description of every answer: the status text. */
function responsesOf({ codes }: Operation, answer: OpenApiNode): OpenApiNode {
  const answers = codes.map((code) => [code, { description: codeTexts[code], ...answer }])
  return Object.fromEntries([...answers, [401, { description: codeTexts[401] }]])
}

/** `/apis/rbac.authorization.k8s.io/v1/…` → `rbacAuthorization_v1`. */
function tagOf(path: string): string {
  const [, root, group, version] = path.split('/')
  if (root === 'api') return `core_${group}`
  const [first, ...labels] = group!.replace(/\.k8s\.io$/, '').split('.')
  return `${first}${labels.map((label) => label[0]!.toUpperCase() + label.slice(1)).join('')}_${version}`
}
