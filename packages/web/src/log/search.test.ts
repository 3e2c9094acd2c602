import { expect, it } from 'vitest'
import { LogModel } from './model.ts'
import { findMatches, LogSearch, markSegments } from './search.ts'

function modelOf(text: string): LogModel {
  const model = new LogModel()
  model.feed(text)
  return model
}

it('finds in any case, several times per line, and across colours', () => {
  const model = modelOf('Error: one ERR\nfine\n\x1b[31mer\x1b[32mror\x1b[0m two\n')

  expect(findMatches(model, 'err')).toEqual([
    { line: 0, start: 0, end: 3 },
    { line: 0, start: 11, end: 14 },
    { line: 2, start: 0, end: 3 },
  ])
})

it.each(['a.b', '(', '[x', 'a\\b', '$', '*', 'a-b', '{1}', '^'])('takes %s literally', (query) => {
  expect(findMatches(modelOf(`xx ${query} yy`), query)).toEqual([{ line: 0, start: 3, end: 3 + query.length }])
})

it('finds nothing for nothing, starts where told and stops at the limit', () => {
  const model = modelOf('x\n'.repeat(50))

  expect(findMatches(model, '')).toEqual([])
  expect(findMatches(model, 'x', 48)).toHaveLength(2)
  expect(findMatches(model, 'x', 0, 7)).toHaveLength(7)
})

it('cuts segments at the borders of a match that spans two colours', () => {
  const model = modelOf('ab\x1b[31mcd\x1b[0mef')
  const match = { line: 0, start: 1, end: 5 }

  const marked = markSegments(model.segments(0), [match])

  expect(marked.map((part) => [part.text, part.style.className, part.match !== null])).toEqual([
    ['a', '', false],
    ['b', '', true],
    ['cd', 'ansi-red-fg', true],
    ['e', '', true],
    ['f', '', false],
  ])
})

it('follows a log that grows, rewrites its last line and loses its first ones', () => {
  const model = new LogModel(10)
  const search = new LogSearch(model, 'err')
  model.feed('err one\ner')
  expect(search.update().map((match) => match.line)).toEqual([0])

  model.feed('r two err')
  expect(search.update().map((match) => [match.line, match.start])).toEqual([
    [0, 0],
    [1, 0],
    [1, 8],
  ])

  model.feed('\rfine         \n')
  expect(search.update().map((match) => match.line)).toEqual([0])

  model.feed('x\n'.repeat(9))
  model.feed('err last\n')
  const [last] = search.update()
  expect(model.line(last?.line ?? -1)?.text).toBe('err last')
})
