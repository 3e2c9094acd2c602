import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { git } from './git.ts'
import { snapshot } from './working-tree.ts'

async function repository(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'orrery-tree-'))
  await git(root, ['init', '-q', '-b', 'trunk'])
  await writeFile(join(root, 'a.txt'), 'one\n')
  await writeFile(join(root, '.gitignore'), 'ignored\n')
  await git(root, ['add', '.'])
  await git(root, ['-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '-qm', 'first'])
  return root
}

it('is HEAD when nothing was changed', async () => {
  const root = await repository()

  expect(await snapshot(root)).toMatchObject({
    branch: 'trunk',
    changed: false,
    revision: await git(root, ['rev-parse', 'HEAD']),
  })
})

it('holds changed, new and deleted files, and touches neither index nor refs', async () => {
  const root = await repository()
  await writeFile(join(root, 'a.txt'), 'two\n')
  await writeFile(join(root, 'new.txt'), 'new\n')
  await writeFile(join(root, 'ignored'), 'secret\n')
  await git(root, ['rm', '-q', '--cached', '.gitignore'])
  await rm(join(root, '.gitignore'))
  await writeFile(join(root, '.git', 'info', 'exclude'), 'ignored\n')
  const before = await git(root, ['status', '--porcelain'])
  const refs = await git(root, ['for-each-ref'])

  const { revision, changed } = await snapshot(root)

  expect(changed).toBe(true)
  expect(await git(root, ['ls-tree', '--name-only', revision])).toBe('a.txt\nnew.txt')
  expect(await git(root, ['show', `${revision}:a.txt`])).toBe('two')
  expect(await git(root, ['status', '--porcelain'])).toBe(before)
  expect(await git(root, ['for-each-ref'])).toBe(refs)
})

it('says so outside a working tree and before the first commit', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'orrery-tree-'))

  await expect(snapshot(empty)).rejects.toMatchObject({ code: 'ORY_BAD_REQUEST' })

  await git(empty, ['init', '-q'])
  await expect(snapshot(empty)).rejects.toThrow('has no commit yet')
})
