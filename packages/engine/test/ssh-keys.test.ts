import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PlanStep } from '@orrery/config'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../src/index.ts'
import { openTestDatabase, type TestDatabase } from './helpers/database.ts'
import { claim } from './helpers/fake-agent.ts'
import { newProject, planOf, start } from './helpers/plans.ts'

let database: TestDatabase
let engine: Engine
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'orrery-keys-'))
  database = await openTestDatabase()
  engine = await database.engine()
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await database.close()
})

/** A key of OpenSSH's own making, with the fingerprints that its program tells. */
function keygen(name: string, passphrase: string, ...options: string[]) {
  const file = join(folder, name)
  const run = (...args: string[]) => execFileSync('ssh-keygen', args, { encoding: 'utf8' })
  run('-q', '-N', passphrase, '-C', '', '-f', file, ...options)
  return {
    privateKey: readFileSync(file, 'utf8'),
    publicKey: readFileSync(`${file}.pub`, 'utf8').trim(),
    fingerprintMd5: /MD5:(\S+)/.exec(run('-l', '-E', 'md5', '-f', `${file}.pub`))?.[1],
    fingerprintSha256: /SHA256:(\S+)/.exec(run('-l', '-f', `${file}.pub`))?.[1],
  }
}

const addKeys: PlanStep = { kind: 'add_ssh_keys', name: 'Keys', fingerprints: [], origin: [] }

describe('SSH keys of a project', () => {
  it.each([
    ['ed25519', ['-t', 'ed25519']],
    ['rsa', ['-t', 'rsa', '-b', '2048']],
    ['rsa-pem', ['-t', 'rsa', '-b', '2048', '-m', 'PEM']],
    ['ecdsa', ['-t', 'ecdsa']],
    ['ecdsa-pem', ['-t', 'ecdsa', '-m', 'PEM']],
  ])('%s: known by the fingerprints that ssh-keygen tells', async (name, options) => {
    const project = await newProject(engine)
    const { privateKey, ...shown } = keygen(name, '', ...options)

    await engine.addSshKey(project.id, { hostname: 'Git.Example', privateKey: privateKey.replaceAll('\n', '\r\n') })

    expect(await engine.listSshKeys(project.id)).toEqual([{ hostname: 'git.example', ...shown }])
  })

  it('travel to tasks that ask for them, masked, and lie sealed in the database', async () => {
    const project = await newProject(engine)
    const { privateKey, fingerprintMd5, fingerprintSha256 } = keygen('travels', '', '-t', 'ed25519')
    await engine.addSshKey(project.id, { hostname: '', privateKey })
    await engine.addSshKey(project.id, { hostname: '', privateKey })
    const body = privateKey.split('\n').slice(1, -2).join('\n')
    const plan = planOf({ main: { asks: { spec: { steps: [addKeys] } }, other: {} } })
    await start(engine, plan, { project })

    const claims = [await claim(engine), await claim(engine)].map(({ claimed }) => claimed.spec)

    const asks = claims.find(({ jobName }) => jobName === 'asks')
    expect(asks?.sshKeys).toEqual([{ hostname: '', fingerprintMd5, fingerprintSha256, privateKey }])
    expect(asks?.maskValues).toEqual([body])
    expect(claims.find(({ jobName }) => jobName === 'other')).toMatchObject({ sshKeys: [], maskValues: [] })
    for (const table of ['project_ssh_keys', 'events', 'jobs']) {
      const rows = await database.query(`select t::text as line from "${table}" t`)
      expect(JSON.stringify(rows)).not.toContain(body.slice(0, 60))
    }
  })

  it('are deleted by either fingerprint, of one host only', async () => {
    const project = await newProject(engine)
    const { privateKey, fingerprintMd5, fingerprintSha256 } = keygen('deleted', '', '-t', 'ed25519')
    for (const hostname of ['a', 'b', '']) await engine.addSshKey(project.id, { hostname, privateKey })

    await engine.deleteSshKey(project.id, { hostname: 'a', fingerprint: `${fingerprintMd5}` })
    await engine.deleteSshKey(project.id, { hostname: '', fingerprint: `SHA256:${fingerprintSha256}` })

    expect((await engine.listSshKeys(project.id)).map(({ hostname }) => hostname)).toEqual(['b'])
    const again = engine.deleteSshKey(project.id, { hostname: 'a', fingerprint: `${fingerprintMd5}` })
    await expect(again).rejects.toMatchObject({ code: 'ORY_NOT_FOUND' })
  })

  it('are refused with a sentence that holds nothing of them', async () => {
    const project = await newProject(engine)
    const good = keygen('good', '', '-t', 'ed25519')
    const locked = keygen('locked', 'words', '-t', 'ed25519').privateKey
    const lockedPem = keygen('locked-pem', 'words', '-t', 'rsa', '-b', '2048', '-m', 'PEM').privateKey
    const add = (privateKey: string, hostname = 'h') => engine.addSshKey(project.id, { hostname, privateKey })

    await expect(add(locked)).rejects.toThrow(/has a passphrase/)
    await expect(add(lockedPem)).rejects.toThrow(/has a passphrase/)
    for (const text of ['', 'x', good.publicKey, good.privateKey.slice(0, 200), 'x'.repeat(100_000)]) {
      await expect(add(text)).rejects.toMatchObject({ code: 'ORY_BAD_REQUEST' })
    }
    await expect(add(good.privateKey, 'a\n  ProxyCommand x')).rejects.toThrow(/is not the name of a host/)
    await expect(add(good.privateKey, 'a b')).rejects.toThrow(/is not the name of a host/)
    expect(await engine.listSshKeys(project.id)).toEqual([])
  })
})
