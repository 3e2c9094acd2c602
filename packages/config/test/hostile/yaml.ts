import { count, type Hostile, head, megabyte, steps } from './texts.ts'

export const yaml: Hostile[] = [
  { name: '1 MB of [', make: () => '['.repeat(megabyte), gives: 'C105' },
  { name: '1 MB of {', make: () => '{'.repeat(megabyte), gives: 'C105' },
  { name: '1 MB of {a:', make: () => '{a: '.repeat(megabyte / 4), gives: 'C105' },
  { name: 'closed brackets', make: () => '['.repeat(megabyte / 2) + ']'.repeat(megabyte / 2), gives: 'C105' },
  { name: '1 MB of dashes', make: () => '- '.repeat(megabyte / 2), gives: 'C105' },
  { name: '1 MB of ?', make: () => '? '.repeat(megabyte / 2), gives: 'C105' },
  { name: 'block maps in block maps', make: () => count(1400, (i) => `${' '.repeat(i)}a:`).join('\n'), gives: 'C105' },
  { name: '1 MB of a:', make: () => 'a: '.repeat(megabyte / 3), gives: 'C100' },
  { name: '1 MB of anchors', make: () => '&a '.repeat(megabyte / 3), gives: 'C100' },
  { name: '1 MB of tags', make: () => '! '.repeat(megabyte / 2), gives: 'C100' },
  { name: '1 MB of aliases', make: () => '*a '.repeat(megabyte / 3), gives: 'C100' },
  { name: '1 MB of quotation marks', make: () => '"'.repeat(megabyte), gives: 'C100' },
  { name: 'an open quote of 3 MB', make: () => `${head}a: "${'x'.repeat(3 * megabyte)}`, gives: 'C100' },
  { name: 'a key of 3 MB', make: () => `${'a'.repeat(3 * megabyte)}: 1\n`, gives: 'C110' },
  { name: '200,000 keys', make: () => head + count(200_000, (i) => `k${i}: ${i}\n`).join(''), gives: 'C550' },
  { name: 'one key 240,000 times', make: () => head + 'a: 1\n'.repeat(240_000), gives: 'C104' },
  { name: 'block scalars that never end', make: () => 'a: |\n'.repeat(megabyte / 5), gives: 'C104' },
  { name: '3 MB of line breaks', make: () => '\n'.repeat(3 * megabyte), gives: 'C102' },
  { name: '3 MB of blanks', make: () => ' '.repeat(3 * megabyte), gives: 'C102' },
  { name: '1 MB of tabs', make: () => '\t'.repeat(megabyte), gives: 'C102' },
  { name: '1 MB of comments', make: () => '##\n'.repeat(megabyte / 3), gives: 'C102' },
  { name: '250,000 documents', make: () => '---\n'.repeat(megabyte / 4), gives: 'C100' },
  { name: 'directives', make: () => '%YAML 1.2\n'.repeat(megabyte / 10), gives: 'C100' },
  { name: 'a NUL byte', make: () => `${head}jobs: {a\0: 1}\n`, gives: 'C100' },
  { name: '1 MB of NUL bytes', make: () => '\0'.repeat(megabyte), gives: 'C100' },
  { name: 'control characters', make: () => steps('      - run: "\x1b[31m"\n'), gives: 'C100' },
  { name: 'byte order marks', make: () => '\uFEFF'.repeat(megabyte), gives: 'C102' },
  {
    name: 'a bomb of aliases',
    make: () =>
      `${head}a0: &a0 [x]\n${count(12, (i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join()}]\n`).join('')}`,
    gives: 'C105',
  },
  {
    name: 'a tower of merges',
    make: () =>
      `${head}m0: &m0 {k: 1}\n${count(3000, (i) => `m${i + 1}: &m${i + 1} {<<: *m${i}, k${i}: 1}\n`).join('')}`,
    gives: 'C105',
  },
  {
    name: 'a wide merge repeated',
    make: () =>
      `${head}b: &b {${count(3000, (i) => `k${i}: 1`).join()}}\n${count(400, (i) => `m${i}: {<<: *b}\n`).join('')}`,
    gives: 'C105',
  },
  { name: 'a cyclic anchor', make: () => `${head}a: &a [*a]\n`, gives: 'C103' },
  { name: 'a cyclic merge', make: () => `${head}a: &a {<<: *a}\n`, gives: 'C103' },
  { name: 'commas', make: () => `x: [${'a,'.repeat(megabyte)}]`, gives: 'C105' },
  {
    name: 'lines with too little indentation in brackets',
    make: () => `a: [\n${'b,\n'.repeat(240_000)}]`,
    gives: 'C100',
  },
  { name: 'marks of block scalars on lines of their own', make: () => 'a:\n|\n'.repeat(160_000), gives: 'C104' },
  { name: '100,000 unknown tags', make: () => `x:\n${'  - !foo 1\n'.repeat(100_000)}`, gives: 'C101' },
  { name: 'keys that are lists', make: () => '? [a]\n: b\n'.repeat(100_000), gives: 'C100' },
  { name: 'an emoji a column', make: () => `{${count(60_000, (i) => `😀${i}: 1`).join()}, a: *b}`, gives: 'C103' },
]

/** Texts that would fill the memory with values of a letter each, and such as are just let through. */
export const dense: Hostile[] = [
  { name: '8 MB of commas', make: () => `x: [${'a,'.repeat(4 * megabyte - 10)}]`, gives: 'C105' },
  { name: '8 MB of commas, not closed', make: () => `x: [${'a,'.repeat(4 * megabyte - 10)}`, gives: 'C105' },
  { name: '8 MB of empty maps', make: () => `x: [${'{},'.repeat(2.6 * megabyte)}]`, gives: 'C105' },
  { name: '8 MB of dashes in lines', make: () => `x:\n${'- \n'.repeat(2.6 * megabyte)}`, gives: 'C105' },
  { name: '8 MB of lists in lists', make: () => `x:\n${`${'- '.repeat(150)}\n`.repeat(26_000)}`, gives: 'C105' },
  { name: '8 MB of blanks', make: () => ' '.repeat(8 * megabyte), gives: 'C102' },
  { name: '499,000 values', make: () => `x: [${'a,'.repeat(499_000)}]`, gives: 'C110' },
  { name: '249,000 empty maps', make: () => `x: [${'{},'.repeat(249_000)}]`, gives: 'C110' },
  { name: '249,000 pairs in a list', make: () => `x: [${'a: b,'.repeat(249_000)}]`, gives: 'C110' },
  { name: '3,300 lines of lists in lists', make: () => `x:\n${`${'- '.repeat(150)}\n`.repeat(3300)}`, gives: 'C110' },
  { name: '120,000 anchors', make: () => head + count(120_000, (i) => `a${i}: &a${i} x\n`).join(''), gives: 'C550' },
  {
    name: 'a script of 7 MB',
    make: () => steps(`      - run: |\n${'          echo hello, world\n'.repeat(240_000)}`),
    gives: 'ok',
  },
  { name: 'a quoted text of 8 MB', make: () => `${head}a: "${'\\n'.repeat(3.9 * megabyte)}"`, gives: 'C550' },
]
