import { executorForms } from '../parameters/bind.ts'
import { cut, suggest } from '../report/suggest.ts'
import { get, isNull, isString, keyOf, typeName, type YNode } from '../yaml/nodes.ts'
import { environment, processEnvironment } from './environment.ts'
import { parameterBlock } from './parameters.ts'
import type { JsonSchema } from './schema.ts'
import {
  anything,
  boolean,
  described,
  isOpen,
  list,
  map,
  oneOrList,
  type Shape,
  type ShapeContext,
  shape,
  string,
  text,
  wrongType,
} from './shape.ts'

const awsKeys = ['aws_access_key_id', 'aws_secret_access_key']
const awsAuthMap = map({
  aws_access_key_id: described('Id of the key.', string),
  aws_secret_access_key: described('The key, or the name of the variable that holds it.', string),
  oidc_role_arn: described('Role to take by the identity of the job.', string),
})

/** Either a role or a pair of keys. */
const awsAuth: Shape = shape(
  { ...awsAuthMap.schema, anyOf: [{ required: ['oidc_role_arn'] }, { required: awsKeys }, { type: 'string' }] },
  (node, context) => {
    awsAuthMap(node, context)
    if (node.kind !== 'map' || node.entries.has('oidc_role_arn')) return
    for (const key of awsKeys) {
      if (node.entries.has(key)) continue
      const hint = 'give aws_access_key_id and aws_secret_access_key, or oidc_role_arn'
      context.world.report.add('C203', keyOf(node), `required key [${key}] not found`, { stack: context.stack, hint })
    }
  },
)

const image = map(
  {
    image: described('Image of the container. The steps run in the first one of the list.', string),
    name: described('Host name of the container for the others; the default is localhost.', string),
    entrypoint: described('Replaces the entrypoint of the image.', oneOrList(string)),
    command: described('Replaces the command of the image.', oneOrList(string)),
    user: described('User that the container runs as.', string),
    environment: described("Variables of the container's own process; the steps do not see them.", processEnvironment),
    auth: described(
      'Login for the registry of the image; values may name variables, like $PASSWORD.',
      map(
        {
          username: described('Name of the user.', string),
          password: described('Password or token, or the name of the variable that holds it.', string),
        },
        { required: ['username', 'password'] },
      ),
    ),
    aws_auth: described('Login for an AWS registry: a pair of keys, or the role to take.', awsAuth),
    gcp_auth: described(
      'Login for a Google registry by workload identity.',
      map({
        oidc_service_account: described('Account to act as.', string),
        workload_identity_pool: described('Pool of identities.', string),
        workload_identity_provider: described('Provider in the pool.', string),
      }),
    ),
  },
  { required: ['image'] },
)

/** Keys of an image that people write one level too high. */
export const imageKeys = ['auth', 'aws_auth', 'gcp_auth', 'entrypoint', 'user', 'command']

const dockerImage = shape(image.schema, (node, context) => {
  if (!isString(node) || isOpen(node, context)) image(node, context)
  else wrongType(node, 'map', context, `write "- image: ${cut(node.value)}"`)
})

const resourceClass = described('Size of the machine, or `namespace/name` of self-hosted runners.', text)
const shellKey = described('Shell of every `run` step that names none of its own.', oneOrList(string))

const machineMap = map({
  image: described('Image of the virtual machine.', text),
  docker_layer_caching: described('Keep the layers of built images between jobs.', boolean),
  resource_class: described('The same as `resource_class` of the job, which wins.', string),
  shell: described('The same as `shell` of the job, which wins.', oneOrList(string)),
  enabled: described('Has no meaning any more.', boolean),
})

const machine: Shape = shape({ anyOf: [machineMap.schema, { type: ['boolean', 'string'] }] }, (node, context) => {
  if (isOpen(node, context)) return
  if (node.kind === 'map') return machineMap(node, context)
  if (node.kind === 'scalar' && (node.value === true || typeof node.value === 'string')) return
  const message = `Exactly one of docker, machine, macos is required, found machine: ${typeName(node)}`
  context.world.report.add('C410', node, message, { stack: context.stack })
})

const macos = map(
  {
    xcode: described('Version of Xcode.', text),
    resource_class: described('The same as `resource_class` of the job, which wins.', string),
    shell: described('The same as `shell` of the job, which wins.', oneOrList(string)),
    code_signing: described('Names of signing bundles.', anything),
  },
  { required: ['xcode'] },
)

/** Keys that say where a job runs; they may stand in an executor and in a job (spec: config-language.md 12.1). */
export const placeKeys: Record<string, Shape> = {
  docker: described(
    'Containers of the job: the steps run in the first, the others are services.',
    list(dockerImage, 1, 'write a list: "docker:" and below it "- image: …"'),
  ),
  machine: described('Run in a virtual machine.', machine),
  macos: described('Run on macOS.', macos),
  resource_class: resourceClass,
  shell: shellKey,
  working_directory: described('Where steps run; the default is ~/project.', string),
  environment: described('Variables of every step of the job.', environment),
}

/** Exactly one of the keys that say where a job runs, which `executor` may stand for. */
export function environmentRule(keys: readonly string[]): JsonSchema {
  const pairs = [
    ['docker', 'machine'],
    ['docker', 'macos'],
    ['machine', 'macos'],
  ]
  return {
    anyOf: keys.map((key) => ({ required: [key] })),
    not: { anyOf: pairs.map((required) => ({ required })) },
  }
}

const executorMap = map({
  ...placeKeys,
  parameters: parameterBlock('executor'),
  description: described('What it is for.', anything),
})

const executorSchema: JsonSchema = {
  anyOf: [
    { type: 'string' },
    { allOf: [executorMap.schema, environmentRule(['docker', 'machine', 'macos'])], type: 'object' },
  ],
}

/** A definition in `executors`: the name of another executor, or a map. */
export const executor: Shape = shape(executorSchema, (node, context) => {
  if (isString(node)) return
  if (node.kind !== 'map') return wrongType(node, 'map', context)
  const windows = node.entries.get('windows')
  if (windows) {
    const hint = 'use a `machine` with a Windows image'
    context.world.report.add('C412', windows.key, '"windows" is not a supported executor type', { hint })
    return
  }
  executorMap(node, context)
  countEnvironments(node, context, 1)
})

/** What people write for `docker`; not permitted, with a hint of its own. */
const mistaken = ['image', 'runs-on']

/** Exactly one environment key; a job with `executor` may have none. */
export function countEnvironments(node: YNode, context: ShapeContext, min: number): void {
  const found = ['docker', 'machine', 'macos'].filter((key) => get(node, key) !== undefined)
  if (found.length >= min && found.length <= 1) return
  const keys = node.kind === 'map' ? [...node.entries.keys()] : []
  // What stands for the missing key is told as that.
  if (found.length === 0 && keys.some((key) => mistaken.includes(key))) return
  if (found.length === 0 && keys.some((key) => suggest(key, ['docker', 'machine', 'macos', 'executor']).length > 0))
    return
  const hint = found.length === 0 ? 'say where it runs, for example "docker: [{image: cimg/base:current}]"' : undefined
  const message = `Exactly one of docker, machine, macos is required, found ${found.length}`
  context.world.report.add('C410', keyOf(node), message, { stack: context.stack, ...(hint && { hint }) })
}

/** The value of an `executor` key: a name, or a map with a string `name`. */
export const executorInvocation: Shape = shape(
  { type: ['string', 'object'], required: ['name'], properties: { name: { type: 'string' } } },
  (node, context) => {
    if (isOpen(node, context) || isString(node)) return
    const name = get(node, 'name')
    if (name && !isNull(name) && (isString(name) || isOpen(name, context))) return
    context.world.report.add('C411', node, executorForms, { stack: context.stack })
  },
)
