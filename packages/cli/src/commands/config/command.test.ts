import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'

const main = fileURLToPath(new URL('../../main.ts', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'orrery-cli-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const environment = { ...process.env, ORRERY_SETTINGS: join(scratch, 'settings.json') }

function orrery(args: string[], input = '') {
  const result = spawnSync(process.execPath, [main, ...args], {
    cwd: scratch,
    input,
    encoding: 'utf8',
    env: environment,
  })
  return { code: result.status, out: result.stdout, err: result.stderr }
}

const files: Record<string, string | Buffer> = {
  '.circleci/config.yml': 'version: 2.1\njobs:\n  build:\n    docker: [{image: i}]\n    steps: [checkout]\n',
  'bad.yml': 'version: 2.1\njobs:\n  build:\n    docker: [{image: i}]\n    steps:\n      - setup-env\n',
  'with-orb.yml': 'version: 2.1\norbs: {t: acme/tool@1}\njobs: {build: {docker: [{image: i}], steps: [t/say]}}\n',
  'parameters.yml':
    'version: 2.1\nparameters: {n: {type: integer, default: 1}}\njobs: {build: {docker: [{image: i}], steps: [{run: "n=<< pipeline.parameters.n >>"}]}}\n',
  'n.yml': 'n: 3\n',
  'orbs/acme__tool/versions/1.0.0/src/@orb.yml': 'version: 2.1\n',
  'orbs/acme__tool/versions/1.0.0/src/commands/say.yml': 'steps: [{run: "<<include(say.sh)>>"}]\n',
  'orbs/acme__tool/versions/1.0.0/src/say.sh': 'echo one\n',
  'bad-orb/@orb.yml': 'version: 2.1\n',
  'bad-orb/commands/c.yml': 'steps:\n  - nope\n',
  'split/@config.yml': 'version: 2.1\n',
  'split/jobs/build.yml': 'docker: [{image: i}]\nsteps: [checkout]\n',
  'settings.json': '{}',
  'shape.yml': 'version: 2.1\njobs:\n  build:\n    docker: [{image: i}]\n    stepz: [checkout]\n',
  'latin1.yml': Buffer.from('version: 2.1\n# caf\xe9\n', 'latin1'),
}

beforeAll(() => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(scratch, path)), { recursive: true })
    writeFileSync(join(scratch, path), text)
  }
  mkdirSync(join(scratch, 'empty'))
})

describe('config and orb commands as people run them', () => {
  test.each([
    ['config validate', '', 0, 'Config file at .circleci/config.yml is valid.\n', ''],
    ['config validate bad.yml', '', 1, '', /^bad.yml:6:9 {2}error C405 .*\n {2}Cannot find .*setup-env\n[\s\S]*6 \|/],
    [
      'config validate shape.yml',
      '',
      1,
      '',
      /^shape.yml: 1 schema violation\n {2}\[\/jobs\/build\/stepz\] .*\(C201, shape.yml:5:5\)\n/,
    ],
    ['config validate latin1.yml', '', 1, '', /^latin1.yml:2:6 {2}error C100 .*\n.*not UTF-8/],
    ['orb validate latin1.yml', '', 1, '', /^latin1.yml:2:6 {2}error C100/],
    ['orb process latin1.yml', '', 1, '', /^latin1.yml:2:6 {2}error C100/],
    ['config process --lock latin1.yml', '', 1, '', /^latin1.yml:2:6 {2}error C100/],
    ['config process --pipeline-parameters latin1.yml', '', 1, '', /^latin1.yml:2:6 {2}error C100/],
    ['config validate -', files['.circleci/config.yml'], 0, 'The config is valid.\n', ''],
    ['config validate with-orb.yml', '', 1, '', /C421 .*\n.*acme\/tool@1/],
    ['config validate --orbs orbs with-orb.yml', '', 0, /valid/, ''],
    [
      'config process --orbs orbs with-orb.yml',
      '',
      0,
      /^# Orb 'acme\/tool@1' resolved to 'acme\/tool@1.0.0'\n[\s\S]*echo one/,
      '',
    ],
    ['config process parameters.yml', '', 0, /n=1/, ''],
    ['config process --pipeline-parameters n.yml parameters.yml', '', 0, /n=3/, ''],
    ['config process --pipeline-parameters {"n":4} parameters.yml', '', 0, /n=4/, ''],
    ['config process --pipeline-parameters {"n":"x"} parameters.yml', '', 1, '', /C362/],
    ['config process --pipeline-parameters [1] parameters.yml', '', 1, '', /--pipeline-parameters:1:1 {2}error C102/],
    [
      'config process --pipeline-parameters {"n":[]} parameters.yml',
      '',
      1,
      '',
      /\[\/n\] expected .*\(C202, --pipeline-parameters:1:6\)/,
    ],
    ['config pack split', '', 0, /^version: 2.1\njobs:\n {2}build:\n/, ''],
    ['orb pack orbs/acme__tool/versions/1.0.0/src', '', 0, /command|echo one/, ''],
    ['orb validate orbs/acme__tool/versions/1.0.0/src/', '', 0, /is valid/, ''],
    ['orb validate -', 'version: 2.1\ncommands: {c: {steps: [checkout]}}', 0, 'Orb at - is valid.\n', ''],
    ['orb validate bad-orb', '', 1, '', /^bad-orb\/commands\/c.yml:2:5 {2}error C405 [\s\S]*2 \| {3}- nope/],
    ['orb process bad-orb', '', 1, '', /C405/],
    ['orb process -', 'version: 2.1\norbs: {x: {commands: {}}}', 0, /^version: 2.1/, ''],
    ['orb pack empty', '', 1, '', /C435/],
    ['config pack empty', '', 1, '', /C434/],
  ] as [string, string | undefined, number, string | RegExp, string | RegExp][])(
    'orrery %s',
    (command, input, code, out, err) => {
      const result = orrery(command.split(' '), input)

      if (typeof err === 'string') expect(result.err).toBe(err)
      else expect(result.err).toMatch(err)
      if (typeof out === 'string') expect(result.out).toBe(out)
      else expect(result.out).toMatch(out)
      expect(result.code).toBe(code)
    },
  )

  test.each([
    ['config validate nowhere.yml', 'nowhere.yml cannot be read: there is no such file'],
    ['config validate split', 'split cannot be read: it is a folder'],
    ['config process bad.yml/x', 'bad.yml/x cannot be read: there is no such file'],
    ['config validate --lock nowhere.lock', 'nowhere.lock cannot be read: there is no such file'],
    ['config validate --orbs nowhere', 'nowhere cannot be read: there is no such folder of orbs'],
    ['config pack bad.yml', 'bad.yml cannot be read: it is a file, not a folder'],
    ['config pack nowhere', 'nowhere cannot be read: there is no such file'],
    ['orb pack bad.yml', 'bad.yml cannot be read: it is a file, not a folder'],
    ['orb validate nowhere', 'nowhere cannot be read: there is no such file'],
    [
      'config validate --update-lock --lock nowhere/x.lock',
      'nowhere/x.lock cannot be read: there is no folder to write it into',
    ],
    ['orb lock --lock split', 'split cannot be read: it is a folder'],
  ])('orrery %s: one line and what to do', (command, message) => {
    const { code, out, err } = orrery(command.split(' '))
    expect([code, out]).toEqual([2, ''])
    expect(err).toBe(`orrery: ${message}\n  Check the path and its permissions. (ORY_FILE)\n`)
  })

  test.each([
    'config validate',
    'config process',
    'config pack',
    'config schema',
    'config explain',
    'config why',
    'config graph',
    'orb pack',
    'orb validate',
    'orb process',
    'orb lock',
  ])('orrery %s --help shows an example', (command) => {
    const { code, out } = orrery([...command.split(' '), '--help'])
    expect([code, out]).toEqual([0, expect.stringContaining(`Example:\n  $ orrery ${command}`)])
  })

  test.each([
    [['config', 'validate', '--json', 'bad.yml'], { ok: false, diagnostics: [{ code: 'C405', file: 'bad.yml' }] }],
    [['config', 'validate', '--json'], { ok: true, diagnostics: [] }],
    [
      ['config', 'process', '--json', '--pipeline-parameters', '[', 'bad.yml'],
      { ok: false, diagnostics: [{ code: 'C100' }] },
    ],
    [['config', 'pack', '--json', 'empty'], { ok: false, diagnostics: [{ code: 'C434' }] }],
    [['orb', 'pack', '--json', 'split'], { ok: false, diagnostics: [{ code: 'C435' }] }],
    [['orb', 'validate', '--json', 'bad-orb'], { ok: false, diagnostics: [{ code: 'C405' }] }],
  ])('%j is JSON', (args, expected) => {
    const { out, code } = orrery(args)
    expect(JSON.parse(out)).toMatchObject(expected)
    expect(code).toBe(expected.ok ? 0 : 1)
  })

  it('config schema is a JSON Schema that knows the keys of a config', () => {
    const { out, code } = orrery(['config', 'schema'])
    expect(JSON.parse(out)).toMatchObject({
      $schema: expect.stringContaining('draft-07'),
      required: ['version'],
      else: { properties: { jobs: {}, workflows: {} } },
    })
    expect(code).toBe(0)
  })

  it('a reader that goes away early is no fault', async () => {
    writeFileSync(
      join(scratch, 'long.yml'),
      `version: 2.1\njobs: {build: {docker: [{image: i}], steps: [{run: "${'x'.repeat(3_000_000)}"}]}}`,
    )
    const child = spawn(process.execPath, [main, 'config', 'process', 'long.yml'], { cwd: scratch, env: environment })
    let err = ''
    child.stderr.on('data', (chunk) => (err += chunk))
    child.stdout.once('data', () => child.stdout.destroy())
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect([code, err]).toEqual([0, ''])
  })
})

describe('asking a config', () => {
  const questions = `version: 2.1
orbs: {t: acme/tool@1}
jobs:
  build: {parameters: {v: {type: string}}, docker: [{image: "i:<< parameters.v >>"}], steps: [checkout, t/say]}
  deploy: {docker: [{image: i}], steps: [{run: deploy}]}
workflows:
  w: {jobs: [{build: {v: "1"}}, {deploy: {requires: [build], filters: {branches: {only: main}}}}]}
`
  const ask = (...args: string[]) => orrery(['config', ...args, '--orbs', 'orbs'])
  beforeAll(() => {
    writeFileSync(join(scratch, 'ask.yml'), questions)
    writeFileSync(join(scratch, 'ask2.yml'), questions.replace('v: "1"', 'v: "2"'))
    writeFileSync(
      join(scratch, 'same.yml'),
      `# other text\n${questions.replace('{run: deploy}', '{run: {command: deploy}}')}`,
    )
  })

  test.each([
    [
      ['explain', 'build', '-c', 'ask.yml'],
      0,
      /docker\/0\/image = i:1 {2}\(ask.yml:4:61\)\n {4}<< parameters.v >> is 1 {2}\(ask.yml:7:26\)/,
    ],
    [
      ['explain', 'build/2', '-c', 'ask.yml'],
      0,
      /step 2 {2}run[\s\S]*command t\/say at ask.yml:4:105[\s\S]*step at orb:acme\/tool@1/,
    ],
    [['explain', 'build/checkout', '-c', 'ask.yml'], 0, /step 1 {2}checkout/],
    [['why', 'deploy', '-c', 'ask.yml'], 0, /job deploy runs: it starts after build \(success\)/],
    [
      ['why', 'deploy', '-c', 'ask.yml', '--branch', 'dev'],
      1,
      /does not run: its filters[\s\S]*filters ✗ branches: \{only: main\}/,
    ],
    [['graph', 'ask.yml'], 0, /^w\n {2}build\n {4}deploy {2}after build\n$/],
    [['graph', '--mermaid', 'ask.yml'], 0, /^flowchart LR\n[\s\S]*w0j0 --> w0j1/],
    [['diff', 'ask.yml', 'same.yml'], 0, /^Both mean the same.\n$/],
    [['diff', 'ask.yml', 'ask2.yml'], 1, /^~ w › build › docker\/0\/image\n {4}- i:1\n {4}\+ i:2\n$/],
  ] as [string[], number, RegExp][])('%j', (args, code, out) => {
    const result = ask(...args)
    expect(result.err).toBe('')
    expect(result.out).toMatch(out)
    expect(result.code).toBe(code)
  })

  test.each([
    [['explain', 'biuld', '-c', 'ask.yml'], 2, /^orrery: no job biuld runs with this config: did you mean build\?\n/],
    [
      ['explain', 'build/9', '-c', 'ask.yml'],
      2,
      /^orrery: no job build\/9 runs with this config: build has \d+ steps; `orrery config explain build` shows them\n/,
    ],
    [['why', 'nope', '-c', 'ask.yml'], 2, /^orrery: no job nope runs with this config: the config has build, deploy\n/],
    [['why', 'nope', '-c', 'bad.yml'], 1, /C405/],
    [['diff', 'ask.yml', 'bad.yml'], 1, /C405/],
    [['graph', 'nowhere.yml'], 2, /ORY_FILE/],
    [['graph', 'ask.yml', '--json', '--mermaid'], 2, /--mermaid.*cannot be used with.*--json/],
  ] as [string[], number, RegExp][])('%j is told what is wrong', (args, code, err) => {
    const result = ask(...args)
    expect([result.code, result.out]).toEqual([code, ''])
    expect(result.err).toMatch(err)
  })

  test.each([
    [['explain', 'build/1', '-c', 'ask.yml', '--json'], [{ name: 'build', steps: [{ number: 1, kind: 'checkout' }] }]],
    [
      ['why', 'deploy', '-c', 'ask.yml', '--json'],
      { runs: true, workflows: [{ workflow: 'w', selected: true }], pathFilters: [] },
    ],
    [
      ['graph', 'ask.yml', '--json'],
      {
        ok: true,
        diagnostics: [],
        workflows: [
          {
            name: 'w',
            jobs: [
              { name: 'build', type: 'build', requires: [] },
              { name: 'deploy', requires: [{ job: 'build', statuses: ['success'] }], filters: { branches: {} } },
            ],
          },
        ],
      },
    ],
    [['graph', 'ask.yml', '--json', '--branch', 'dev'], { ok: true, workflows: [{ jobs: [{ name: 'build' }] }] }],
    [['graph', 'bad.yml', '--json'], { ok: false, diagnostics: [{ code: 'C405' }] }],
    [['diff', 'ask.yml', 'ask2.yml', '--json'], { same: false, changes: [{ job: 'build', path: 'docker/0/image' }] }],
  ])('%j is JSON', (args, expected) => {
    expect(JSON.parse(ask(...args).out)).toMatchObject(expected)
  })
})

describe('the lock file as people use it', () => {
  const lock = () => readFileSync(join(scratch, 'orbs.lock'), 'utf8')

  it('is written, kept to, and refuses a changed orb', () => {
    expect(orrery(['config', 'validate', '--update-lock', '--orbs', 'orbs', 'with-orb.yml']).code).toBe(0)
    const first = lock()
    expect(first).toContain('acme/tool@1.0.0')

    mkdirSync(join(scratch, 'orbs/acme'), { recursive: true })
    writeFileSync(join(scratch, 'orbs/acme/tool@1.1.0.yml'), 'version: 2.1\ncommands: {say: {steps: [{run: two}]}}')
    expect(orrery(['config', 'process', '--orbs', 'orbs', 'with-orb.yml']).out).toContain('echo one')

    writeFileSync(join(scratch, 'orbs/acme__tool/versions/1.0.0/src/say.sh'), 'echo evil\n')
    const changed = orrery(['config', 'validate', '--orbs', 'orbs', 'with-orb.yml'])
    expect(changed.code).toBe(1)
    expect(changed.err).toMatch(/with-orb.yml:2:11 {2}error C436 [\s\S]*acme\/tool@1.0.0/)

    const updated = orrery(['orb', 'lock', '--orbs', 'orbs', 'with-orb.yml'])
    expect(updated).toEqual({
      code: 0,
      err: '',
      out: 'acme/tool@1 is acme/tool@1.1.0\norbs.lock: 1 orb is pinned.\n',
    })
    expect(orrery(['config', 'process', '--orbs', 'orbs', 'with-orb.yml']).out).toContain('command: two')
  })

  it('that is broken is told with its place', () => {
    writeFileSync(join(scratch, 'broken.lock'), 'version: 2\n')
    const { code, err } = orrery(['config', 'validate', '--lock', 'broken.lock', '--orbs', 'orbs', 'with-orb.yml'])
    expect([code, err]).toEqual([1, expect.stringMatching(/^broken.lock:1:10 {2}error C437[\s\S]*1 \| version: 2/)])
  })
})

describe('what is missing is told without a stack', () => {
  it.each([
    [
      ['runner', '--server', 'http://127.0.0.1:9', '--token', 't', '--data', '.', '--settings', 'none.json'],
      'none.json cannot be read: there is no such file',
    ],
    [
      ['runner', '--server', 'http://127.0.0.1:9', '--token', 't', '--data', '.', '--settings', '.'],
      '. cannot be read: it is a folder',
    ],
    [['project', 'list', '--data', 'none'], 'none/admin-token cannot be read: there is no such file; name the server'],
  ])('%j', (args, message) => {
    const env = { ...environment, ORRERY_TOKEN: undefined }

    const result = spawnSync(process.execPath, [main, ...args], { cwd: scratch, encoding: 'utf8', env })

    expect(result.status).toBe(2)
    expect(result.stderr).toContain(message)
    expect(result.stderr).not.toMatch(/^ {4}at /m)
  })
})

it('works in the folder where `npm run orrery` was typed', () => {
  const checkout = fileURLToPath(new URL('../../../../../', import.meta.url))
  const args = ['--prefix', checkout, 'run', '--silent', 'orrery', '--', 'config', 'validate', 'shape.yml']

  const { stderr } = spawnSync('npm', args, { cwd: scratch, encoding: 'utf8', env: environment })

  expect(stderr).toContain('shape.yml: ')
  expect(stderr).not.toContain('cannot be read')
})
