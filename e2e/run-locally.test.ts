import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { imageMap } from '../scripts/lib/images.mjs'

const main = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url))
let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'or-'))
  await chmod(scratch, 0o711) // the database of a root user runs under another account
  await writeFile(join(scratch, 'settings.json'), JSON.stringify({ imageMap: imageMap() }))
})
afterAll(async () => {
  await rm(scratch, { recursive: true, force: true })
})

async function workingTree(name: string, files: Record<string, string>): Promise<string> {
  const root = join(scratch, name)
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  const git = (...args: string[]) =>
    command('git', ['-c', 'user.name=Ada', '-c', 'user.email=a@example.org', ...args], root)
  await git('init', '-q', '-b', 'main')
  await git('add', '--all')
  await git('commit', '-qm', 'First')
  return root
}

function command(file: string, args: string[], cwd: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, ORRERY_SETTINGS: join(scratch, 'settings.json'), ORRERY_CACHE: join(scratch, 'c') }
  return new Promise((resolve) => {
    execFile(file, args, { cwd, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr })
    })
  })
}

const orreryRun = (cwd: string, ...args: string[]) => command(process.execPath, [main, 'run', ...args], cwd)

const config = `version: 2.1
jobs:
  build:
    docker: [{ image: 'cimg/base:2024.02' }]
    steps:
      - checkout
      - run: 'cat note.txt && mkdir out && cp note.txt out/'
      - persist_to_workspace: { root: ., paths: [out] }
      - store_artifacts: { path: out, destination: result }
  check:
    docker: [{ image: 'cimg/base:2024.02' }]
    steps: [{ attach_workspace: { at: . } }, { run: 'grep -q changed out/note.txt && echo "secret is $TOKEN"' }]
  deploy: { docker: [{ image: 'cimg/base:2024.02' }], steps: [{ run: echo deployed }] }
workflows:
  main:
    jobs: [build, { check: { requires: [build] } }, { hold: { type: approval, requires: [check] } }, { deploy: { requires: [hold] } }]
  other: { jobs: [deploy] }
`

it('runs the working tree as it lies here, with workspace, artifacts, approval and masked variables', async () => {
  const root = await workingTree('good', { 'note.txt': 'committed\n', '.circleci/config.yml': config })
  await writeFile(join(root, 'note.txt'), 'changed\n')
  await writeFile(join(root, '.env.ci'), 'TOKEN=very-secret-value\n')

  const result = await orreryRun(root, 'main', '--approve', '--env-file', '.env.ci')

  expect(result.stdout + result.stderr).toContain('main: success')
  expect(result.code).toBe(0)
  expect(result.stdout).toMatch(/✓ deploy/)
  expect(result.stdout).toContain('secret is ****')
  expect(result.stdout).not.toContain('very-secret-value')
  expect(await readFile(join(root, '.orrery/artifacts/build/result/note.txt'), 'utf8')).toBe('changed\n')
})

it('narrows to a job with what it requires, and leaves approvals alone when nobody can be asked', async () => {
  const root = await workingTree('narrow', { 'note.txt': 'changed\n', '.circleci/config.yml': config })

  const job = await orreryRun(root, 'main', '--job', 'check', '--quiet')
  const held = await orreryRun(root, 'main', '--quiet', '--json')

  expect(job.code).toBe(0)
  expect(job.stdout).toMatch(/✓ build[\s\S]*✓ check/)
  expect(job.stdout).not.toContain('deploy')
  expect(held.code).toBe(0)
  expect(JSON.parse(held.stdout).workflows[0].status).toBe('on_hold')
})

it('ends with 1 when the pipeline failed and with 2 when the config does not compile', async () => {
  const failing = config.replace('grep -q changed', 'grep -q absent')
  const root = await workingTree('bad', { 'note.txt': 'x\n', '.circleci/config.yml': failing })

  const failed = await orreryRun(root, 'main', '--quiet')
  await writeFile(
    join(root, '.circleci/config.yml'),
    'version: 2.1\njobs: { build: { steps: [] } }\nworkflows: { w: { jobs: [nope] } }\n',
  )
  const broken = await orreryRun(root)

  expect(failed.code).toBe(1)
  expect(failed.stdout).toMatch(/✗ check failed[\s\S]*exit code 1 \(\.circleci\/config\.yml:12\)/)
  expect(broken.code).toBe(2)
  expect(broken.stdout).toContain('.circleci/config.yml:2:9 C410')
})

it('uses orbs of a folder, pinned by the lock file of the commit', async () => {
  const using = config
    .replace('version: 2.1\n', 'version: 2.1\norbs: { t: acme/tool@1 }\n')
    .replace('run: echo deployed', 't/say: { to: world }')
  const root = await workingTree('orbs', { 'note.txt': 'x\n', '.circleci/config.yml': using })
  const say = 'parameters: { to: { type: string } }\nsteps: [{ run: "<< include(scripts/say.sh) >>" }]\n'
  const orb = join(scratch, 'registry/acme__tool/versions/1.0.0/src')
  await mkdir(join(orb, 'scripts'), { recursive: true })
  await mkdir(join(orb, 'commands'), { recursive: true })
  await writeFile(join(orb, '@orb.yml'), 'version: 2.1\n')
  await writeFile(
    join(orb, 'commands/say.yml'),
    say.replace('steps: [', 'steps: [{ run: "echo hello << parameters.to >>" }, '),
  )
  await writeFile(join(orb, 'scripts/say.sh'), 'cat <<END\nfrom a script\nEND\n')
  const orbs = ['--orbs', join(scratch, 'registry')]
  const lock = await command(process.execPath, [main, 'orb', 'lock', ...orbs], root)

  const good = await orreryRun(root, 'other', ...orbs)
  const without = await orreryRun(root, 'other')
  await writeFile(join(orb, 'scripts/say.sh'), 'echo changed\n')
  const changed = await orreryRun(root, 'other', ...orbs)

  expect(lock.code).toBe(0)
  expect(good.stdout).toMatch(/hello world[\s\S]*from a script/)
  expect(good.code).toBe(0)
  expect(without.stdout).toContain('.circleci/config.yml:2:12 C421')
  expect(without.code).toBe(2)
  expect(changed.stdout).toContain('.circleci/config.yml:2:12 C436')
  expect(changed.code).toBe(2)
})
