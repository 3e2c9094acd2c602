import { copyFile, mkdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'

const source = fileURLToPath(new URL('.', import.meta.url))
const launchers = ['launch.x64', 'launch.arm64']

/**
 * Bundles the agent and the in-job helper for places (protocol: place.ts): `agent.mjs`, `circleci.mjs` and the chunks
 * they load when they need them, all in `outDir`, which is emptied first; beside them `agent.cjs`, from which the runner
 * makes the agent's snapshot, and `launch.<arch>`, which starts the steps' programs. They need nothing but Node 24 and, for
 * terminals, the native module that the runner puts beside them.
 */
export async function buildAgent(outDir: string): Promise<void> {
  await rm(outDir, { recursive: true, force: true })
  await mkdir(outDir, { recursive: true })
  await build({
    ...common,
    entryPoints: { agent: join(source, 'main.ts'), circleci: join(source, 'helper/main.ts') },
    outdir: outDir,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'agent-[hash]',
    splitting: true,
    format: 'esm',
    banner: {
      js: "import{createRequire as orreryRequire}from'node:module';const require=orreryRequire(import.meta.url),__dirname=import.meta.dirname;",
    },
    plugins: [shakeZod, requireHttp],
  })
  await build({
    ...common,
    entryPoints: [join(source, 'snapshot.ts')],
    outfile: join(outDir, 'agent.cjs'),
    format: 'cjs',
    // Nothing is beside it but what is in the place.
    define: { 'import.meta.url': '"file:///orrery/agent.cjs"' },
    plugins: [shakeZod, loadLater],
  })
  for (const name of launchers) await copyFile(join(source, '../native', name), join(outDir, name))
}

const common = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  // The second is an optional native part of `ssh2`, which asks for it and does without.
  external: ['*.node', 'cpu-features'],
  // Every byte is parsed at the start of every job. Names stay, for stack traces.
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: false,
  legalComments: 'none',
  logLevel: 'silent',
} satisfies BuildOptions

/**
 * `import { z } from 'zod'` is an object that holds all of zod with the messages of 50 languages; `import * as z` is the
 * same thing, but the bundler sees which parts are used.
 */
const shakeZod: Plugin = {
  name: 'shake-zod',
  setup({ onLoad }) {
    onLoad({ filter: /packages[\\/](?:protocol|agent)[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      return { contents: text.replace("import { z } from 'zod'", "import * as z from 'zod'"), loader: 'ts' }
    })
  },
}

/**
 * To import `node:http` reads all of its exports, among them what Node loads its whole `fetch` for: 20 ms, a fifth of the
 * agent's start. To require it does not.
 */
const requireHttp: Plugin = {
  name: 'require-http',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:http$/ }, ({ kind }) =>
      kind === 'require-call' ? { path: 'node:http', external: true } : { path: 'http', namespace: 'required' },
    )
    onLoad({ filter: /.*/, namespace: 'required' }, () => ({ contents: "module.exports = require('node:http')" }))
  },
}

/**
 * Modules of Node that a snapshot cannot hold (their parsers and handles are not on the heap), or that Node does not vouch
 * for: each of their exports loads the module when it is used first, in the place.
 */
const loadLater: Plugin = {
  name: 'load-later',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(?:node:)?(?:child_process|dns|http|https|module|net|tls|tty)$/ }, ({ path, namespace }) =>
      namespace === 'later' ? undefined : { path: path.replace(/^node:/, ''), namespace: 'later' },
    )
    onLoad({ filter: /.*/, namespace: 'later' }, ({ path }) => {
      const exported: object = createRequire(import.meta.url)(`node:${path}`)
      const getters = Object.keys(exported).map(
        (name) => `get ${JSON.stringify(name)}() { return load()[${JSON.stringify(name)}] }`,
      )
      // Kept: each `require` of a module of Node compares all of its exports anew.
      const load = `let loaded\nconst load = () => (loaded ??= require('node:${path}'))`
      return { contents: `${load}\nmodule.exports = { ${getters.join(', ')} }` }
    })
  },
}
