// Makes names like `calm-otter-12`, in an order that depends on names.lock alone.
// As a program: node src/names.mjs names.lock names.json
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

const adjectives = [
  'bold',
  'brave',
  'bright',
  'calm',
  'clever',
  'cosy',
  'eager',
  'gentle',
  'happy',
  'kind',
  'quiet',
  'swift',
]
const animals = ['badger', 'crane', 'finch', 'hare', 'heron', 'lynx', 'marten', 'otter', 'owl', 'robin', 'seal', 'wren']

export function makeNames({ seed, numbers }) {
  const names = []
  for (const adjective of adjectives) {
    for (const animal of animals) {
      for (let number = 1; number <= numbers; number++) names.push(`${adjective}-${animal}-${number}`)
    }
  }
  const order = new Map(names.map((name) => [name, hash(`${seed} ${name}`)]))
  return names.sort((a, b) => (order.get(a) < order.get(b) ? -1 : 1))
}

export function readLock(text) {
  const { seed, numbers } = Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' ')),
  )
  return { seed, numbers: Number(numbers) }
}

/** Hashed a few hundred times, so that there is something worth caching. */
function hash(text) {
  let digest = text
  for (let round = 0; round < 200; round++) digest = createHash('sha256').update(digest).digest('hex')
  return digest
}

if (process.argv[1] === import.meta.filename) {
  const [lock, output] = process.argv.slice(2)
  const names = makeNames(readLock(readFileSync(lock, 'utf8')))
  mkdirSync(dirname(output), { recursive: true })
  writeFileSync(output, JSON.stringify(names))
  console.log(`${names.length} names, first ${names[0]}`)
}
