import { expect, it } from 'vitest'
import { maxLineLength } from './line-buffer.ts'
import { LogModel } from './model.ts'

function lines(text: string, model = new LogModel()): string[] {
  model.feed(text)
  return Array.from({ length: model.count }, (_, i) => model.line(i)?.text ?? '')
}

function styled(text: string): [string, string][] {
  const model = new LogModel()
  model.feed(text)
  return model.segments(0).map((segment) => [segment.text, segment.style.className])
}

it.each([
  ['', []],
  ['one\ntwo', ['one', 'two']],
  ['one\ntwo\n', ['one', 'two']],
  ['\n\nx', ['', '', 'x']],
  ['dos\r\nlines\r\n', ['dos', 'lines']],
  ['10%\r50%\r100%\n', ['100%']],
  ['long text\rshort\n', ['shorttext']],
  ['progress 99\r\x1b[Kdone\n', ['done']],
  ['progress 99\x1b[2K\x1b[1Gdone\n', ['done']],
  ['abcdef\x1b[3G\x1b[1KX\n', ['  Xdef']],
  ['abc\b\bX\n', ['aXc']],
  ['abc\b\b\b\b\bX\n', ['Xbc']],
  ['abc\x1b[2D\x1b[1CX', ['abX']],
  ['a\tb', ['a\tb']],
  ['bell\x07 nul\x00 del\x7f c1\x9b31m', ['bell nul del c131m']],
  ['\x1b]0;title\x07text', ['text']],
  ['\x1b]8;;https://example.test\x1b\\link\x1b]8;;\x1b\\ end', ['link end']],
  ['\x1bPdevice string\x1b\\after', ['after']],
  ['\x1b(Bcharset', ['charset']],
  ['\x1b[?25l\x1b[2Jhidden cursor\x1b[?25h', ['hidden cursor']],
  ['\x1b[3Aup is ignored', ['up is ignored']],
])('reads %j', (text, expected) => {
  expect(lines(text)).toEqual(expected)
})

it.each([
  ['a title that never ends', '\x1b]0;evil\nnext\n', ['', 'next']],
  ['a sequence cut by the line end', '\x1b[31\nnext', ['', 'next']],
  ['a sequence cut by another', '\x1b[31\x1b[0mtext', ['text']],
  ['a letter beyond ASCII in a sequence', '\x1b[3é', ['é']],
  ['an endless parameter', `\x1b[${'1;'.repeat(5000)}mtext`, ['text']],
  ['a huge number', '\x1b[999999999999Ctext', ['text']],
  ['a lone surrogate', 'a\ud800b', ['a\ufffdb']],
  ['escape at the end', 'text\x1b', ['text']],
])('survives %s', (_name, text, expected) => {
  expect(lines(text)).toEqual(expected)
})

it('gives the same lines wherever the chunks are cut', () => {
  const text =
    'a\x1b[1;31mred\x1b[0m b\r\nprogress 1\rprogress 22\x1b[K\n\x1b]8;;u\x07link\x1b]8;;\x07\x1b[38;5;200mpink'
  const whole = new LogModel()
  whole.feed(text)
  const cut = new LogModel()
  for (const unit of text) cut.feed(unit)

  const shape = (model: LogModel) => Array.from({ length: model.count }, (_, i) => model.segments(i))

  expect(shape(cut)).toEqual(shape(whole))
})

it.each([
  ['\x1b[31mred\x1b[0m plain', ['red', 'ansi-red-fg'], [' plain', '']],
  ['\x1b[1m\x1b[92mok\x1b[22mthin', ['ok', 'ansi-bright-green-fg ansi-bold'], ['thin', 'ansi-bright-green-fg']],
  ['\x1b[41mon red\x1b[49m\x1b[4munder', ['on red', 'ansi-red-bg'], ['under', 'ansi-underline']],
  ['\x1b[7mreversed', ['reversed', 'ansi-default-bg ansi-default-fg']],
  ['\x1b[31;7mreversed', ['reversed', 'ansi-red-bg ansi-default-fg']],
  ['a\x1b[34mb\x1b[mc', ['a', ''], ['b', 'ansi-blue-fg'], ['c', '']],
  ['\x1b[1m\x1b[1m\x1b[1mbold\x1b[22mplain', ['bold', 'ansi-bold'], ['plain', '']],
])('styles %j', (text, ...expected) => {
  expect(styled(text)).toEqual(expected)
})

it.each([
  ['38;5;196', 'rgb(255, 0, 0)'],
  ['38;5;244', 'rgb(128, 128, 128)'],
  ['38;2;10;20;30', 'rgb(10, 20, 30)'],
  ['38:2::10:20:30', 'rgb(10, 20, 30)'],
  ['38:5:196', 'rgb(255, 0, 0)'],
])('knows the colour %s', (params, color) => {
  const model = new LogModel()
  model.feed(`\x1b[${params}mx`)

  expect(model.segments(0)[0]?.style.css).toEqual({ color })
})

it('keeps a colour over line ends', () => {
  const model = new LogModel()
  model.feed('\x1b[33mone\ntwo\x1b[0m')

  expect(model.segments(1)[0]?.style.className).toBe('ansi-yellow-fg')
})

it('colours only what is overwritten', () => {
  const model = new LogModel()
  model.feed('abcdef\r\x1b[32mAB\x1b[0m\n')

  expect(model.segments(0).map((segment) => [segment.text, segment.style.className])).toEqual([
    ['AB', 'ansi-green-fg'],
    ['cdef', ''],
  ])
})

it('splits a huge line and loses nothing of it', () => {
  const size = maxLineLength * 2 + 100
  const model = new LogModel()
  model.feed('x'.repeat(size))
  model.feed('\nend')

  expect(Array.from({ length: model.count }, (_, i) => model.line(i)?.text.length)).toEqual([
    maxLineLength,
    maxLineLength,
    100,
    3,
  ])
})

it('drops the oldest lines beyond its limit and keeps the numbers right', () => {
  const model = new LogModel(100)
  for (let i = 1; i <= 1000; i++) model.feed(`line ${i}\n`)

  const first = Number(model.line(0)?.text.slice(5))

  expect(model.count).toBeLessThanOrEqual(100)
  expect(first).toBe(model.dropped + 1)
  expect(model.line(model.count - 1)?.text).toBe('line 1000')
})

it('stays bounded under a flood of different colours', () => {
  const model = new LogModel()
  for (let i = 0; i < 20_000; i++) model.feed(`\x1b[38;2;${i % 256};${(i >> 8) % 256};7mx`)

  expect(model.line(0)?.text).toHaveLength(20_000)
  expect(model.segments(0).length).toBeLessThanOrEqual(4097)
})

it.each([
  [
    '100,000 coloured lines',
    '\x1b[32m✓\x1b[0m test \x1b[1mname\x1b[22m passed in \x1b[2m12 ms\x1b[0m\n'.repeat(100_000),
  ],
  ['a line rewritten for ever', `${'y'.repeat(60_000)}${'\rX\x1b[K'.repeat(400_000)}`],
  ['a long line erased again and again', `${'y'.repeat(60_000)}${'\x1b[1K'.repeat(40_000)}`],
  ['nothing but escapes', '\x1b'.repeat(2_000_000)],
])('reads %s within five seconds', (_name, text) => {
  const model = new LogModel()
  const start = performance.now()
  model.feed(text)

  expect(performance.now() - start).toBeLessThan(5000)
})
