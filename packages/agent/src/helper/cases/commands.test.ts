import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, test } from 'vitest'
import { type ControlHandler, openControl } from '../../control/server.ts'
import { askAgent } from '../ask-agent.ts'
import { SubstitutionError, substitute } from '../substitute.ts'
import { main, Workplace } from './harness.ts'

const variables = { A: 'a', EMPTY: '', _X: 'x', '1': 'one' }

test.each([
  ['86', '$A and ${A}', 'a and a'],
  ['86: unset', '[$NONE][${NONE}]', '[][]'],
  ['86: no variable', 'plain 100% $ {A} ${} ${!A} $- $', 'plain 100% $ {A} ${} ${!A} $- $'],
  ['escaped', '$$A $${A} $$$A', '$A ${A} $a'],
  ['a lone underscore is none', '$_ ${_} $_X ${_X}', '$_ ${_} x x'],
  ['digits are a name', '$1 ${1}', 'one one'],
  ['default', '${NONE:-d} ${EMPTY:-d} ${EMPTY-d}| ${A:-d} ${NONE-d}', 'd d | a d'],
  ['assignment', '${NONE:=d} ${NONE=d} ${EMPTY:=d} ${EMPTY=d}| $NONE|', 'd d d | |'],
  ['other', '${A:+o} ${A+o} ${EMPTY:+o} ${EMPTY+o} ${NONE:+o}${NONE+o}|', 'o o o o |'],
  ['variables in defaults', '${NONE:-$A} ${NONE:-${A}/${NONE:-x}}', 'a a/x'],
  ['an address as default', '${NONE-http://localhost:8080}', 'http://localhost:8080'],
  ['several lines', 'a $A\nb ${A}\n', 'a a\nb a\n'],
])('env subst %s', (_, text, result) => {
  expect(substitute(text, variables)).toBe(result)
})

test.each([
  ['not closed', 'x\n${A', 'line 2: closing brace expected for ${A'],
  ['closed on another line', '${A\n}', 'line 1: closing brace expected'],
  ['nested without end', `${'${A:+'.repeat(5000)}${'}'.repeat(5000)}`, 'nested more than 100 deep'],
])('env subst refuses: %s', (_, text, message) => {
  expect(() => substitute(text, variables)).toThrow(SubstitutionError)
  expect(() => substitute(text, variables)).toThrow(message)
})

it('87: env subst takes its argument, 86: or stdin as it is', () => {
  using place = new Workplace()
  const env = { WORLD: 'x' }
  expect(place.circleci(['env', 'subst', 'hello $WORLD'], { env })).toEqual({
    status: 0,
    stdout: 'hello x\n',
    stderr: '',
  })
  expect(place.circleci(['env', 'subst'], { input: 'a ${WORLD}\nplain', env }).stdout).toBe('a x\nplain')
  expect(place.circleci(['env', 'subst'], { input: '${WORLD', env })).toMatchObject({ status: 1, stdout: '' })
  expect(place.circleci(['env', 'subst', '--no-unset', 'x'], { env }).stderr).toContain('unknown flag --no-unset')
  expect(place.circleci(['env', 'subst', '--', '--dashes $WORLD'], { env }).stdout).toBe('--dashes x\n')
})

test.each<[string, string[], number, RegExp, RegExp]>([
  ['version', ['version'], 0, /^Orrery agent, version \d+\.\d+\.\d+\n$/, /^$/],
  ['version, short', ['version', '--short'], 0, /^\d+\.\d+\.\d+\n$/, /^$/],
  ['version as a flag', ['--version'], 0, /^Orrery agent/, /^$/],
  ['version with an argument', ['version', 'x'], 1, /^$/, /unexpected argument "x"/],
  ['help', ['--help'], 0, /^Usage: circleci COMMAND/, /^$/],
  ['help as a word', ['help'], 0, /^Usage: circleci COMMAND/, /^$/],
  ['help about a group', ['tests', '--help'], 0, /^Usage: circleci COMMAND/, /^$/],
  ['help about a command', ['tests', 'run', '--help'], 0, /^Usage: circleci tests run[\s\S]*--command COMMAND/, /^$/],
  ['help in a value is a value', ['tests', 'run', '--command', '--help', '--total=0'], 1, /^$/, /--total/],
  ['nothing', [], 1, /^$/, /^Usage: circleci/],
  ['verbose before the command', ['--verbose', 'version', '--short'], 0, /^\d/, /^$/],
  ['unknown command', ['nonsense'], 1, /^$/, /^Error: unknown command "nonsense"\n[\s\S]*\nUsage: circleci/],
  ['half a command', ['tests'], 1, /^$/, /unknown command "tests"/],
  ['a name of the language', ['constructor'], 1, /^$/, /unknown command "constructor"/],
  [
    'halt outside a job',
    ['step', 'halt'],
    1,
    /^$/,
    /^Error: this command works inside a job only[\s\S]*ORY_OUTSIDE_JOB/,
  ],
  ['halt with a flag', ['task', 'halt', '--now'], 1, /^$/, /circleci task halt: unknown flag --now/],
  ['glob without a pattern', ['tests', 'glob'], 1, /^$/, /PATTERN... is missing/],
  ['324: a token outside a job', ['run', 'oidc', 'get', '--claims', '{"aud":"x"}'], 1, /^$/, /ORY_OUTSIDE_JOB/],
  [
    '324: claims that are no JSON',
    ['run', 'oidc', 'get', '--claims', '{aud:x}'],
    1,
    /^$/,
    /--claims is no JSON object/,
  ],
  ['324: a list of claims', ['run', 'oidc', 'get', '--claims=[]'], 1, /^$/, /--claims is no JSON object/],
  ['324: another claim', ['run', 'oidc', 'get', '--claims={"sub":"x"}'], 1, /^$/, /only "aud" can be set, not "sub"/],
  ['324: a number', ['run', 'oidc', 'get', '--claims={"aud":1}'], 1, /^$/, /"aud" must be a text or a list/],
  ['324: its flags', ['run', 'oidc', 'get', '--aud=x'], 1, /^$/, /unknown flag --aud/],
  [
    'a planned release',
    ['run', 'release', 'plan', 'x', '--target-version=1'],
    1,
    /^$/,
    /run release plan is not offered/,
  ],
  ['a release update', ['run', 'release', 'update', '--status=RUNNING'], 1, /^$/, /run release update is not offered/],
  ['a release', ['run', 'release', 'log', '--component-name=a'], 1, /^$/, /run release log is not offered/],
])('%s', (_, args, status, stdout, stderr) => {
  using place = new Workplace()
  const result = place.circleci(args)
  expect(result.status).toBe(status)
  expect(result.stdout).toMatch(stdout)
  expect(result.stderr).toMatch(stderr)
})

it('a reader that leaves early ends the helper quietly', () => {
  using place = new Workplace().files(Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`f${index}`, ''])))
  const line = `${process.execPath} ${main} tests glob '*' | head -n 1`
  const run = place.circleci(['tests', 'run', `--command=set -o pipefail; ${line}`], { input: 'x' })
  expect(run).toEqual({ status: 0, stdout: 'f0\n', stderr: '' })
})

const answers: ControlHandler = async ({ command }) => {
  if (command === 'halt') return { ok: true }
  throw new Error('the server answered with status 500')
}

it('the agent answers over its socket, with its own words when it cannot', async () => {
  const data = mkdtempSync(join(tmpdir(), 'orrery-data-'))
  const control = await openControl(join(data, 'agent.sock'), answers)
  try {
    expect(await askAgent(data, { command: 'halt' })).toEqual({ ok: true })
    await expect(askAgent(data, { command: 'earlier-results' })).rejects.toThrow('the server answered with status 500')
    expect(await askAgent(join(data, 'elsewhere'), { command: 'halt' })).toBeUndefined()
  } finally {
    control.close()
    rmSync(data, { recursive: true })
  }
})
