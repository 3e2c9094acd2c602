#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'

// Says which Node is needed before anything newer than this line is parsed: an older one would die of a syntax error.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(
    `orrery needs Node 24.15 or newer; this is ${process.versions.node}. In a checkout, use \`npm run orrery -- …\`, which brings its own.\n`,
  )
  process.exit(2)
}
// Many logs become durable at the same time, and each occupies a thread until the disk has it; with Node's four, others
// would wait to be written at all. Counts only before the first use of a thread.
process.env['UV_THREADPOOL_SIZE'] ??= '16'
// A process that has been idle lets its heap grow by a third only between two collections, and counts the bytes that
// sockets deliver: with a fast log every 10 MB would cost a whole one. Counts from the next collection on.
setFlagsFromString('--heap-growing-percent=200')
// npm runs its scripts in the folder of package.json; paths, and the working tree of `orrery run`, mean where one typed.
const { npm_lifecycle_event: script, INIT_CWD: typedIn } = process.env
if (script === 'orrery' && typedIn) process.chdir(typedIn)
const { main } = await import('./program.ts')
await main(process.argv)
