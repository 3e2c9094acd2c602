/**
 * Compiles the hostile input whose name comes on standard input and answers with one line of JSON. Its parent starts it
 * with little memory.
 */
import { text } from 'node:stream/consumers'
import { compileText, onBranch } from '../../src/testing/compile.ts'
import type { Answer } from './apart.ts'
import { hostileInputs } from './inputs.ts'

const name = await text(process.stdin)
const input = Object.values(hostileInputs)
  .flat()
  .find((one) => one.name === name)
if (!input) throw new Error(`no input is named ${name}`)
const config = input.make()
const started = performance.now()
const before = process.cpuUsage()
const { ok, diagnostics } = await compileText(config, { values: onBranch(input.branch ?? 'main') })
const { user, system } = process.cpuUsage(before)
const answer: Answer = {
  wallMs: performance.now() - started,
  cpuMs: (user + system) / 1000,
  gives: ok ? 'ok' : (diagnostics.find((one) => one.severity === 'error')?.code ?? ''),
  count: diagnostics.length,
  // Small: a diagnostic never carries the text it is about.
  bytes: JSON.stringify(diagnostics).length,
  rssMb: process.resourceUsage().maxRSS / 1024,
}
process.stdout.write(JSON.stringify(answer))
