import { fromNode, type Json, textsJson } from '../emit/json.ts'
import { behindDash, bodyMargin, entryLines, wordLines, writeList, writeWords } from '../emit/yaml.ts'
import type { PlanExecutor, PlanImage } from '../plan.ts'
import type { Env } from '../scope/types.ts'
import { textOf } from '../templates/text.ts'
import { get, getPresent, isNull, items, makeMap, pairs, typeName, type YNode } from '../yaml/nodes.ts'
import { rendered, variables, writeVariables } from './environment.ts'
import { environmentKeys, type Place, placeKeys } from './resolve.ts'
import { splitWords } from './words.ts'

/** Text of an evaluated field that is a string, or became one by substitution. */
export function fieldText(node: YNode | undefined): string | undefined {
  return node && !isNull(node) ? textOf(node) : undefined
}

/** The same where an empty text means "not given": callers pass the empty default of a parameter on. */
export function givenText(node: YNode | undefined): string | undefined {
  return fieldText(node) || undefined
}

/** A `shell` as one line: lists are joined (spec: config-language.md 14.16). */
export function shellText(node: YNode | undefined): string | undefined {
  if (node?.kind !== 'seq') return fieldText(node)
  return node.items.map((item) => fieldText(item) ?? '').join(' ')
}

/** The executor of a merged place; undefined when it has not exactly one, which has then been reported at `at`. */
export function planExecutor(place: Place, at: YNode, env: Env): PlanExecutor | undefined {
  const found = environmentKeys.filter((key) => place.keys.has(key))
  const key = found[0]
  const node = key && place.keys.get(key)
  if (!node || found.length !== 1) {
    const message = `Exactly one of docker, machine, macos is required, found ${found.length}`
    env.world.report.add('C410', at, message, { stack: env.stack })
    return undefined
  }
  if (key === 'docker') return { type: 'docker', images: items(node).map((item) => planImage(item, env)) }
  if (key === 'macos') return { type: 'macos', xcode: fieldText(get(node, 'xcode')) ?? '' }
  return planMachine(node, place, env)
}

function planMachine(node: YNode, place: Place, env: Env): PlanExecutor | undefined {
  if (node.kind === 'map') {
    const caching = getPresent(node, 'docker_layer_caching')
    const dockerLayerCaching = caching?.kind === 'scalar' && caching.value === true
    return { type: 'machine', image: fieldText(get(node, 'image')) ?? 'default', dockerLayerCaching }
  }
  const { report } = env.world
  const { stack } = env
  if (node.kind === 'scalar' && typeof node.value === 'string') {
    return { type: 'machine', image: node.value, dockerLayerCaching: false }
  }
  if (node.kind !== 'scalar' || node.value !== true) {
    report.add('C410', node, `Exactly one of docker, machine, macos is required, found machine: ${typeName(node)}`, {
      stack,
    })
    return undefined
  }
  const resourceClass = fieldText(place.keys.get('resource_class'))
  if (!resourceClass?.includes('/')) {
    const hint = 'name an image: machine: {image: …}'
    report.add('W920', node, '`machine: true` without a self-hosted resource class is deprecated', { stack, hint })
  }
  return { type: 'machine', image: 'default', dockerLayerCaching: false }
}

/** Of the budget, about what an image takes of the memory in characters. */
const costOfImage = 2048

function planImage(node: YNode, env: Env): PlanImage {
  env.world.budget.spend(costOfImage, node)
  const style = env.world.options.numericEnv
  const auth = getPresent(node, 'auth')
  const entrypoint = argv(getPresent(node, 'entrypoint'))
  const command = argv(getPresent(node, 'command'))
  const name = givenText(get(node, 'name'))
  const user = givenText(get(node, 'user'))
  const aws = getPresent(node, 'aws_auth')
  const gcp = getPresent(node, 'gcp_auth')
  const image: PlanImage = {
    image: fieldText(get(node, 'image')) ?? '',
    environment: rendered(variables(getPresent(node, 'environment')), style),
  }
  if (name !== undefined) image.name = name
  if (entrypoint) image.entrypoint = entrypoint
  if (command) image.command = command
  if (user !== undefined) image.user = user
  if (auth) {
    image.auth = { username: fieldText(get(auth, 'username')) ?? '', password: fieldText(get(auth, 'password')) ?? '' }
  }
  if (aws) image.awsAuth = texts(aws)
  if (gcp) image.gcpAuth = texts(gcp)
  return image
}

function argv(node: YNode | undefined): string[] | undefined {
  if (!node) return undefined
  if (node.kind === 'seq') return node.items.map((item) => fieldText(item) ?? '')
  return splitWords(fieldText(node) ?? '')
}

function texts(node: YNode): Record<string, string> {
  return Object.fromEntries(pairs(node).map(([key, pair]) => [key, fieldText(pair.value) ?? '']))
}

/** The place as the compiled config shows it in a job's body, always in one order of keys. */
export function placeLines({ keys }: Place): string {
  let lines = ''
  for (const key of placeKeys) {
    const node = keys.get(key)
    if (node && !isNull(node)) lines += wordLines(key, fieldJson(key, node), bodyMargin)
  }
  return lines
}

function fieldJson(key: string, node: YNode): Json {
  if (key === 'docker') return writeList(items(node).map(imageText), bodyMargin + 2)
  if (key === 'machine' && node.kind === 'map') return machineJson(node)
  if (key === 'macos') return macosJson(node)
  return key === 'machine' ? fromNode(node) : textsJson(node)
}

/** A null that a template gave in place of a text that has to be there is the empty text (6.3). */
function macosJson(node: YNode): Json {
  const json = fromNode(node)
  if (json instanceof Map && json.get('xcode') === null) json.set('xcode', '')
  return json
}

function machineJson(node: YNode): Json {
  const image = getPresent(node, 'image')
  const caching = getPresent(node, 'docker_layer_caching')
  const entries = { docker_layer_caching: caching && fromNode(caching), image: image && textsJson(image) }
  return writeWords(entries, bodyMargin + 2) ?? new Map()
}

const imageMargin = bodyMargin + 4

function imageText(node: YNode): string {
  if (node.kind !== 'map') return '{}'
  let lines = ''
  for (const [key, { value }] of node.entries) {
    const json = isNull(value) ? nullJson(key) : imageJson(key, value)
    if (json !== undefined) lines += entryLines(key, json, imageMargin)
  }
  return behindDash(lines, imageMargin)
}

/** Only a template can give a null for the image: as in `macosJson`. */
function nullJson(key: string): Json | undefined {
  return key === 'image' ? '' : undefined
}

function imageJson(key: string, value: YNode): Json | undefined {
  if (key === 'environment') return writeVariables(variables(value), imageMargin + 2)
  return value.kind === 'map' ? new Map(Object.entries(texts(value))) : textsJson(value)
}

const synonyms = ['resource_class', 'shell']

/** Moves `resource_class` and `shell` of `machine` or `macos` to the job where the job has none of its own. */
export function liftSynonyms(place: Place): Place {
  let { keys } = place
  for (const name of ['machine', 'macos']) {
    const node = keys.get(name)
    if (node?.kind !== 'map' || !synonyms.some((key) => node.entries.has(key))) continue
    keys = new Map(keys)
    for (const key of synonyms) {
      const own = getPresent(node, key)
      if (own && !keys.has(key)) keys.set(key, own)
    }
    const rest = new Map([...node.entries].filter(([key]) => !synonyms.includes(key)))
    keys.set(name, makeMap(node, rest))
  }
  return { ...place, keys }
}
