import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it, test } from 'vitest'
import { packConfig } from '../pack/config.ts'
import { packOrb } from '../pack/orb.ts'
import { treeOf } from '../pack/source-tree.ts'
import { readTree } from '../registry/read-tree.ts'
import { compileText } from '../testing/compile.ts'
import { commands } from './harness.ts'

const main = 'version: 2.1\ndescription: d\n'
const greet = 'parameters: {to: {type: string}}\nsteps: [{run: "echo << parameters.to >>"}]\n'

const orb = (files: Record<string, string>) => packOrb(treeOf('src', files))
const config = (files: Record<string, string>) => packConfig(treeOf('conf', files))
const places = (result: ReturnType<typeof packOrb>) =>
  result.diagnostics.flatMap(({ code, file, range }) => [code, `${file}:${range.start.line}:${range.start.column}`])

describe('orb packing', () => {
  test.each([
    ['a file is an element', { '@orb.yml': main, 'commands/greet.yml': 'steps: [checkout]' }, { commands: ['greet'] }],
    ['orb.yml will do', { 'orb.yml': main, 'jobs/a.yaml': 'type: no-op' }, { jobs: ['a'] }],
    [
      'deeper folders only order the files',
      { '@orb.yml': main, 'commands/aws/in/login.yml': 'steps: [checkout]', 'commands/b.yml': 'steps: [checkout]' },
      { commands: ['login', 'b'] },
    ],
    [
      'elements of the main file stay',
      { '@orb.yml': `${main}commands: {a: {steps: [checkout]}}`, 'commands/b.yml': 'steps: [checkout]' },
      { commands: ['a', 'b'] },
    ],
    [
      'hidden files, other files and other folders of scripts are no part',
      { '@orb.yml': main, 'commands/.x.yml': 'a: b', '.git/a.yml': 'a: b', 'scripts/x.sh': '', 'README.md': '' },
      {},
    ],
  ] as [string, Record<string, string>, Record<string, string[]>][])('%s', async (_, files, expected) => {
    const { text, root, diagnostics } = orb(files)

    expect(diagnostics).toEqual([])
    expect(text).toMatch(/^version: 2.1\ndescription: d\n/)
    const found = ['commands', 'jobs', 'executors', 'examples'].flatMap((section) => {
      const block = root?.entries.get(section)?.value
      return block?.kind === 'map' ? [[section, [...block.entries.keys()]]] : []
    })
    expect(Object.fromEntries(found)).toEqual(expected)
  })

  test.each([
    ['no main file', { 'commands/a.yml': 'steps: [checkout]' }, ['C435', 'src/:1:1']],
    [
      'a broken file',
      { '@orb.yml': main, 'jobs/a.yml': 'a: [', 'jobs/b.yml': 'b: {' },
      /C100 src\/jobs\/a.yml:1.*C100 src\/jobs\/b/,
    ],
    ['a file that is a list', { '@orb.yml': main, 'jobs/a.yml': '- a' }, ['C102', 'src/jobs/a.yml:1:1']],
    [
      'one name twice',
      { '@orb.yml': main, 'jobs/a/x.yml': 'type: no-op', 'jobs/b/x.yml': 'type: no-op' },
      ['C433', 'src/jobs/b/x.yml:1:1'],
    ],
    [
      'one name in the main file and in a file',
      { '@orb.yml': `${main}jobs: {x: {type: no-op}}`, 'jobs/x.yml': 'type: no-op' },
      ['C433', 'src/jobs/x.yml:1:1'],
    ],
    [
      'YAML in a folder of no meaning',
      { '@orb.yml': main, 'workflows/x.yml': 'a: b' },
      ['W942', 'src/workflows/x.yml:1:1'],
    ],
    [
      'an anchor of another file',
      { '@orb.yml': `${main}x: &a {}`, 'jobs/x.yml': 'a: *a' },
      ['C103', 'src/jobs/x.yml:1:4'],
    ],
  ] as [string, Record<string, string>, string[] | RegExp][])('faults: %s', (_, files, expected) => {
    const result = orb(files)

    if (expected instanceof RegExp) expect(places(result).join(' ')).toMatch(expected)
    else expect(places(result)).toEqual(expected)
    expect(result.text === undefined).toBe(result.diagnostics.some((one) => one.severity === 'error'))
  })
})

describe('include', () => {
  const using = (value: string, files: Record<string, string> = {}) =>
    orb({ '@orb.yml': main, 'commands/c.yml': `steps:\n  - run:\n      command: ${value}\n`, ...files })

  test.each([
    ['a script', '<<include(scripts/a.sh)>>', 'echo a\n', 'echo a\n'],
    ['blanks in the tag', '<<  include( ./scripts/../scripts/a.sh )  >>', 'echo a', 'echo a'],
    [
      '<< of the script',
      '<<include(scripts/a.sh)>>',
      'cat <<EOF\n<< parameters.x >>\nEOF\n',
      'cat <<EOF\n<< parameters.x >>\nEOF\n',
    ],
    ['backslashes before <<', '<<include(scripts/a.sh)>>', 'a \\<< b \\\\<< c', 'a \\<< b \\\\<< c'],
    [
      'an include in the included text',
      '<<include(scripts/a.sh)>>',
      '<<include(scripts/a.sh)>>',
      '<<include(scripts/a.sh)>>',
    ],
  ])('%s comes to the job as it is', async (_, value, script, expected) => {
    const { text, diagnostics } = using(value, { 'scripts/a.sh': script })
    expect(diagnostics).toEqual([])

    const result = await compileText(
      'version: 2.1\norbs: {o: acme/orb@1}\njobs: {build: {docker: [{image: i}], steps: [o/c]}}',
      { orbs: { resolve: async () => ({ ok: true, resolved: 'acme/orb@1.0.0', digest: '', text: text ?? '' }) } },
    )

    expect(result.diagnostics).toEqual([])
    expect(commands(result)).toEqual([expected])
  })

  test.each([
    ['a part of the value', 'echo <<include(scripts/a.sh)>>', ['C430', 'src/commands/c.yml:3:16']],
    ['two in one value', '<<include(scripts/a.sh)>><<include(scripts/a.sh)>>', ['C430', 'src/commands/c.yml:3:16']],
    ['a file that is not there', '<<include(scripts/b.sh)>>', ['C431', 'src/commands/c.yml:3:16']],
    ['the way out', '<<include(../a.sh)>>', ['C432', 'src/commands/c.yml:3:16']],
    ['the way out by a detour', '<<include(scripts/../../../etc/passwd)>>', ['C432', 'src/commands/c.yml:3:16']],
    ['an absolute path', '<<include(/etc/passwd)>>', ['C432', 'src/commands/c.yml:3:16']],
  ])('faults: %s', (_, value, expected) => {
    expect(places(using(value, { 'scripts/a.sh': 'a' }))).toEqual(expected)
  })
})

describe('config packing', () => {
  test.each([
    [
      'folders and files are keys',
      { 'jobs/build.yml': 'type: no-op', 'workflows/w.yml': 'jobs: [build]', 'config.yml': 'version: 2.1' },
      'version: 2.1\njobs:\n  build:\n    type: no-op\nworkflows:\n  w:\n    jobs:\n      - build\n',
    ],
    [
      '@ merges into its folder, deeper ones too',
      { '@config.yml': 'version: 2.1', 'jobs/@jobs.yml': 'a: {type: no-op}', 'jobs/b/@b.yml': 'type: no-op' },
      'version: 2.1\njobs:\n  a:\n    type: no-op\n  b:\n    type: no-op\n',
    ],
    [
      'files at the top merge whatever their name',
      { 'a.yml': 'version: 2.1\njobs: {a: {type: no-op}}', 'jobs/b.yml': 'type: no-op' },
      'version: 2.1\njobs:\n  a:\n    type: no-op\n  b:\n    type: no-op\n',
    ],
    [
      'a file beside a folder of its name',
      { 'x/a.yml': 'k: 1', 'x/a/b.yml': 'l: 2' },
      'x:\n  a:\n    k: 1\n    b:\n      l: 2\n',
    ],
    [
      'numbers keep their text',
      { 'x/a.yml': 'xcode: 14.10\nmode: 0755\nno: "yes"' },
      'x:\n  a:\n    xcode: 14.10\n    mode: "0755"\n    "no": "yes"\n',
    ],
    ['hidden files are no part', { 'a.yml': 'k: 1', '.b.yml': 'l: 2', '.c/d.yml': 'm: 3' }, 'k: 1\n'],
    [
      'a name that is a property of every object',
      { 'jobs/__proto__.yml': 'k: 1' },
      'jobs:\n  "__proto__":\n    k: 1\n',
    ],
  ] as [string, Record<string, string>, string][])('%s', (_, files, expected) => {
    const { text, diagnostics } = config(files)

    expect(diagnostics).toEqual([])
    expect(text?.replaceAll('"__proto__"', '__proto__')).toBe(expected.replaceAll('"__proto__"', '__proto__'))
  })

  test.each([
    [
      'a value that is no map beside a folder',
      { 'a.yml': 'jobs: none', 'jobs/b.yml': 'k: 1' },
      ['C433', 'conf/jobs:1:1'],
    ],
    ['an empty folder', {}, ['C434', 'conf/:1:1']],
    ['a file that is a list', { 'a/b.yml': '[]' }, ['C102', 'conf/a/b.yml:1:1']],
  ] as [string, Record<string, string>, string[]][])('faults: %s', (_, files, expected) => {
    expect(places(config(files))).toEqual(expected)
  })

  it('leaves an aliased map alone when another file is merged into its twin', () => {
    const { text } = config({ 'a.yml': 'jobs: &j {a: {k: 1}}\nother: *j', 'jobs/b.yml': 'k: 2' })
    expect(text).toBe('jobs:\n  a:\n    k: 1\n  b:\n    k: 2\nother:\n  a:\n    k: 1\n')
  })
})

describe('hostile folders', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'orrery-pack-'))
  afterAll(() => rmSync(scratch, { recursive: true }))
  const write = (path: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(scratch, path)), { recursive: true })
    writeFileSync(join(scratch, path), content)
  }
  const link = (target: string, path: string) => symlinkSync(target, join(scratch, path))

  it('give nothing of what lies outside, and say why', () => {
    write('secret.yml', 'steps: [{run: secret}]')
    write('src/@orb.yml', main)
    write('src/commands/good.yml', greet)
    link('good.yml', 'src/commands/linked.yml')
    link('../../secret.yml', 'src/commands/out.yml')
    link('/nowhere', 'src/commands/dangling.yml')
    link('..', 'src/commands/loop.yml')
    link('..', 'src/jobs')
    link('../secret.yml', 'src/secret.sh')
    write('src/commands/inc.yml', 'steps: [{run: "<<include(secret.sh)>>"}]')
    write('src/commands/inc-through.yml', 'steps: [{run: "<<include(jobs/secret.yml)>>"}]')
    write('src/commands/binary.yml', new Uint8Array([0xff, 0xfe, 0]))
    write('src/commands/huge.yml', new Uint8Array(5 * 1024 * 1024))

    const tree = readTree(join(scratch, 'src'), 'src')
    const result = packOrb(tree)

    expect(result.text).toBeUndefined()
    expect(result.diagnostics.map(({ code, message }) => `${code} ${message}`).sort()).toEqual([
      'C434 src/commands/binary.yml cannot be packed: it is not UTF-8 text: line 1, column 1',
      'C434 src/commands/dangling.yml cannot be packed: it is a link that leads nowhere',
      'C434 src/commands/huge.yml cannot be packed: it is larger than 4194304 bytes',
      'C434 src/commands/loop.yml cannot be packed: it is a link that leads out of the folder',
      'C434 src/commands/out.yml cannot be packed: it is a link that leads out of the folder',
      'C434 src/jobs cannot be packed: it is a link that leads out of the folder',
      'C434 src/jobs/secret.yml cannot be packed: it is a link that leads out of the folder',
      'C434 src/secret.sh cannot be packed: it is a link that leads out of the folder',
    ])
    expect(JSON.stringify(result)).not.toContain('run: secret')
    expect(tree.read('commands/linked.yml')).toEqual({ text: greet })
    expect(tree.read('../secret.yml')).toEqual({ refused: 'it is a link that leads out of the folder' })
  })
})
