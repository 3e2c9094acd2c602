import { warn } from './say.ts'

/** All of stdin. Who forgot to pipe something in is told why nothing happens: a step's terminal never ends. */
export async function readInput(): Promise<string> {
  if (process.stdin.isTTY) warn('Reading from the terminal: pipe the input in, or end it')
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
