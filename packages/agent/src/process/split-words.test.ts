import { expect, test } from 'vitest'
import { splitWords } from './split-words.ts'

test.each<[string, string[]]>([
  ['/bin/bash -eo pipefail', ['/bin/bash', '-eo', 'pipefail']],
  ['  a\t b \n', ['a', 'b']],
  [`"a b" 'c d'`, ['a b', 'c d']],
  [`a"b c"'d e'f`, ['ab cd ef']],
  [`"a\\"b\\\\c\\d"`, ['a"b\\c\\d']],
  [`'a\\b'`, ['a\\b']],
  ['a\\ b', ['a b']],
  [`"" ''`, ['', '']],
  ['$HOME', ['$HOME']],
  ['"open', ['open']],
  ['', []],
])('%j', (line, words) => {
  expect(splitWords(line)).toEqual(words)
})
