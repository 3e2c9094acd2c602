import { compilePattern } from '../regex/regex.ts'
import { cut } from '../report/suggest.ts'
import { evaluateNode } from '../templates/evaluate.ts'
import type { Trace } from '../trace.ts'
import { get, isString } from '../yaml/nodes.ts'
import { bodyOf } from './why.ts'

/** A pipeline parameter that a path-filtering job would set for the continuation. */
export interface PathFilter {
  job: string
  parameter: string
  value: string
  /** One sentence: the pattern and the first file that it matches. */
  because: string
}

/**
 * What the `mapping` of path-filtering jobs gives for changed files: lines of `PATTERN PARAMETER VALUE`, where the pattern
 * must match a whole path, and a later line wins over an earlier one for the same parameter.
 */
export function pathFilters(trace: Trace, changed: readonly string[]): PathFilter[] {
  const found = trace.workflows.flatMap(({ compiled, selected }) =>
    compiled.invocations.flatMap((one) => {
      const written = get(bodyOf(one), 'mapping')
      const mapping = written && evaluateNode(written, selected.env)
      if (!isString(mapping)) return []
      return mapping.value.split('\n').flatMap((line) => filterOf(one.final, line, changed, trace))
    }),
  )
  return [...new Map(found.map((one) => [`${one.job} ${one.parameter}`, one])).values()]
}

function filterOf(job: string, line: string, changed: readonly string[], trace: Trace): PathFilter[] {
  const parts = /^\s*(\S+)\s+(\S+)\s+(.+?)\s*$/.exec(line)
  if (!parts || parts[1]?.startsWith('#')) return []
  const [, pattern = '', parameter = '', value = ''] = parts
  const compiled = compilePattern(pattern, trace.env.world.options.regexDialect)
  if ('problem' in compiled) return []
  const file = changed.find((path) => compiled.pattern.matches(path))
  if (file === undefined) return []
  return [{ job, parameter, value, because: `${cut(pattern)} matches ${cut(file)}` }]
}
