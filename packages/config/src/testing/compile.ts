import { compile, defaultCompileOptions, noOrbs } from '../compile.ts'
import type { CompileInput, CompileOptions, CompileResult } from '../compile-types.ts'

export interface Given {
  options?: Partial<CompileOptions>
  values?: CompileInput['pipelineValues']
  args?: CompileInput['pipelineArgs']
  phase?: CompileInput['phase']
  continues?: CompileInput['continues']
  orbs?: CompileInput['orbResolver']
}

/** A push to the default branch `main`, as the cases assume. */
export const pushToMain: CompileInput['pipelineValues'] = {
  'pipeline.id': '5034460f-c7c4-4c43-9457-de07e2029e7b',
  'pipeline.number': 42,
  'pipeline.project.slug': 'gh/acme/app',
  'pipeline.git.branch': 'main',
  'pipeline.git.tag': null,
  'pipeline.git.branch.is_default': true,
  'pipeline.event.name': 'push',
}

export function onBranch(branch: string): CompileInput['pipelineValues'] {
  return { ...pushToMain, 'pipeline.git.branch': branch, 'pipeline.git.branch.is_default': branch === 'main' }
}

export function onTag(tag: string): CompileInput['pipelineValues'] {
  return {
    ...pushToMain,
    'pipeline.git.branch': null,
    'pipeline.git.tag': tag,
    'pipeline.git.branch.is_default': false,
  }
}

export function compileText(text: string, given: Given = {}): Promise<CompileResult> {
  return compile({
    source: { text, file: 'config.yml' },
    pipelineValues: given.values ?? pushToMain,
    pipelineArgs: given.args ?? {},
    phase: given.phase ?? 'initial',
    ...(given.continues && { continues: given.continues }),
    orbResolver: given.orbs ?? noOrbs,
    options: { ...defaultCompileOptions, ...given.options },
  })
}
