import { describe } from 'vitest'
import { onBranch, onTag } from '../testing/compile.ts'
import {
  B,
  commands,
  faultCases,
  firstStep,
  names,
  runs,
  spec,
  valueCases,
  withCondition,
  withParameters,
  withSteps,
  withWorkflow,
} from './harness.ts'

const string = (fallback: string) => `{s: {type: string, default: ${JSON.stringify(fallback)}}}`
const flag = (value: boolean) => `{flag: {type: boolean, default: ${value}}}`
const stepsParameter = '{s: {type: steps, default: []}}'

describe('templates: faults', () => {
  faultCases([
    {
      name: '28 unescaped heredoc',
      config: withSteps('- run: "cat <<EOF\\nhi\\nEOF"'),
      gives: ['C310 6:19'],
      says: ["Unclosed '<<' tag in string: 'cat <<EOF", "('<<' must be escaped as '\\<<' in config v2.1+)"],
    },
    {
      name: '29 a heredoc closed by a redirect',
      config: withSteps('- run: cat <<EOF >> out.txt'),
      gives: ['C311'],
      says: ['<< EOF >>'],
    },
    {
      name: '42 a name without namespace',
      config: withSteps('- run: echo << myparam >>'),
      gives: ['C311'],
      says: ['parameters.myparam'],
    },
    {
      name: '43 include',
      config: withSteps('- run: <<include(scripts/x.sh)>>'),
      gives: ['C313'],
      says: ['before packing'],
    },
    {
      name: '46 sections that do not match',
      config: withParameters(
        '{a: {type: string, default: x}, b: {type: string, default: x}}',
        '{}',
        '- run: <<# parameters.a >>x<</ parameters.b >>',
      ),
      gives: ['C314'],
    },
    {
      name: 'a section left open',
      config: withParameters(string('x'), '{}', '- run: a <<# parameters.s >>x'),
      gives: ['C314'],
    },
    {
      name: '50 steps inside text',
      config: withParameters(stepsParameter, '{}', '- run: echo << parameters.s >>'),
      gives: ['C312'],
    },
    {
      name: '51 the tag of a block scalar',
      config: withSteps('- run: |\n    one\n    two\n    echo << pipeline.parameters.nope >> three'),
      gives: ['C321 9:16'],
    },
    {
      name: '54 unknown pipeline value',
      config: withSteps('- run: << pipeline.nosuch >>'),
      gives: ['C322 6:14'],
      says: ['Referred to a variable "pipeline.nosuch" that does not exist'],
    },
    { name: '55 matrix value in a job body', config: withSteps('- run: << matrix.v >>'), gives: ['C323'] },
    {
      name: '55 matrix value in an entry without matrix',
      config: withWorkflow('- build:\n    name: x-<< matrix.v >>'),
      gives: ['C323'],
    },
    {
      name: '56 an element parameter in a workflow',
      config: `version: 2.1\njobs: {daily: {parameters: {message: {type: string}}, docker: [{image: x}], steps: [checkout]}}\nworkflows: {w: {jobs: [{daily: {message: << parameters.message >>}}]}}`,
      gives: ['C320'],
      says: ['Arguments referenced without declared parameters: parameters.message'],
    },
    {
      name: "57 a caller's parameter in a command",
      config: withParameters(string('x'), '{}', '- c', 'commands: {c: {steps: [{run: << parameters.s >>}]}}\n'),
      gives: ['C320'],
    },
    {
      name: 'a broken expression inside a tag',
      config: withSteps('- run: echo << pipeline.number == >>'),
      gives: ['C301'],
    },
    {
      name: 'unknown name in a command shows near ones',
      config: withParameters('{tests: {type: string, default: x}}', '{}', '- run: << parameters.test >>'),
      gives: ['C320'],
      says: ['"tests"'],
    },
  ])
})

describe('templates: values', () => {
  const run = (text: string) => withSteps(`- run: |-\n    ${text}`)
  const command = (result: Parameters<typeof commands>[0]) => commands(result)[0]

  valueCases([
    { name: '27 escaped heredoc', config: withSteps('- run: "cat \\\\<<EOF"'), see: command, is: 'cat <<EOF' },
    { name: '30 here-string', config: run('grep x \\<<< "$V"'), see: command, is: 'grep x <<< "$V"' },
    {
      name: '31 two backslashes before a tag',
      config: withParameters(string('pkg'), '{}', '- run: .\\\\<< parameters.s >>\\bin'),
      see: command,
      is: '.\\pkg\\bin',
    },
    { name: '32 three backslashes', config: run('\\\\\\<<X'), see: command, is: '\\<<X' },
    {
      name: '33 backslashes elsewhere',
      config: withParameters(string('d'), '{}', '- run: s/\\\\/x/ << parameters.s >>'),
      see: command,
      is: 's/\\\\/x/ d',
    },
    { name: '34 >> alone', config: run('echo a >> f'), see: command, is: 'echo a >> f' },
    {
      name: '35 a quoted boolean stays one',
      config: withParameters(
        flag(false),
        '{}',
        '- when: {condition: "<<parameters.flag>>", steps: [{run: a}]}\n- checkout',
      ),
      see: (r) => commands(r),
      is: ['checkout'],
    },
    {
      name: '36 a boolean inside text',
      config: withParameters(flag(true), '{}', '- run: {command: c, name: "x-<< parameters.flag >>"}'),
      see: (r) => firstStep(r).name,
      is: 'x-true',
    },
    {
      name: '37 an integer as a name',
      config: withSteps('- run: {command: c, name: << pipeline.number >>}'),
      see: (r) => firstStep(r).name,
      is: '42',
    },
    {
      name: '38 null inside text',
      config: withSteps('- run: \'echo "<< pipeline.git.tag >>"\''),
      see: command,
      is: 'echo ""',
    },
    {
      name: '39 null in environment',
      config: withSteps('- run: {command: c, environment: {TAG: << pipeline.git.tag >>}}'),
      see: (r) => firstStep(r).environment,
      is: { TAG: '<nil>' },
    },
    {
      name: '40 booleans in environment',
      config: withParameters(
        flag(true),
        '{}',
        '- run: {command: c, environment: {A: true, B: false, C: << parameters.flag >>, D: "true"}}',
      ),
      see: (r) => firstStep(r).environment,
      is: { A: '1', B: '0', C: '1', D: 'true' },
    },
    {
      name: '41 integers in environment',
      config: withSteps('- run: {command: c, environment: {N: 123456, M: 1234567, S: "1234567"}}'),
      see: (r) => firstStep(r).environment,
      is: { N: '123456', M: '1234567', S: '1234567' },
    },
    {
      name: '41 exponential integers',
      options: { numericEnv: 'exponential' },
      config: withSteps('- run: {command: c, environment: {N: 123456, M: 1234567}}'),
      see: (r) => firstStep(r).environment,
      is: { N: '123456', M: '1.234567e+06' },
    },
    ...['x', ''].map((value) => ({
      name: `44 a section over ${JSON.stringify(value)}`,
      config: withParameters(
        string(value),
        '{}',
        '- save_cache: {key: \'v1<<#parameters.s>>-<<parameters.s>><</parameters.s>>-{{ checksum "a" }}\', paths: [a]}',
      ),
      see: (r: Parameters<typeof firstStep>[0]) => firstStep(r).key,
      is: value === 'x' ? 'v1-x-{{ checksum "a" }}' : 'v1-{{ checksum "a" }}',
    })),
    {
      name: '45 an inverted section',
      config: withParameters(flag(false), '{}', '- run: a<<^parameters.flag>>off<</parameters.flag>>'),
      see: command,
      is: 'aoff',
    },
    {
      name: '45 an inverted section not taken',
      config: withParameters(flag(true), '{}', '- run: a<<^parameters.flag>>off<</parameters.flag>>'),
      see: command,
      is: 'a',
    },
    {
      name: '47 cache templates pass',
      config: withSteps('- save_cache: {key: \'{{ .Branch }}-{{ checksum "x" }}\', paths: [a]}'),
      see: (r) => firstStep(r).key,
      is: '{{ .Branch }}-{{ checksum "x" }}',
    },
    {
      name: '49 no second scan',
      config: withParameters(string('a \\<< b'), "{s: 'a \\<< b'}", '- run: echo << parameters.s >>'),
      see: command,
      is: 'echo a << b',
    },
    {
      name: '52 descriptions are not templated',
      config: withSteps('- c', 'commands: {c: {description: uses << anything >>, steps: [checkout]}}\n'),
      see: (r) => commands(r),
      is: ['checkout'],
    },
    {
      name: '53 >> inside a string of an expression',
      config: withSteps('- run: \'a << pipeline.git.branch == ">>" >>\''),
      see: command,
      is: 'a false',
    },
    {
      name: "58 steps see the caller's parameters",
      config: withParameters(
        '{v: {type: string}}',
        '{v: job}',
        '- wrap: {steps: [{run: echo << parameters.v >>}]}',
        'commands: {wrap: {parameters: {v: {type: string, default: command}, steps: {type: steps}}, steps: [{steps: << parameters.steps >>}]}}\n',
      ),
      see: command,
      is: 'echo job',
    },
    {
      name: '59 every body sees its own parameter',
      config: `version: 2.1\nexecutors: {e: {parameters: {tag: {type: string}}, docker: [{image: "i:<< parameters.tag >>"}]}}\ncommands: {c: {parameters: {tag: {type: string}}, steps: [{run: "c << parameters.tag >>"}]}}\njobs:\n  build:\n    parameters: {tag: {type: string}}\n    executor: {name: e, tag: "<< parameters.tag >>-e"}\n    steps: [{c: {tag: "<< parameters.tag >>-c"}}, {run: "j << parameters.tag >>"}]\nworkflows: {w: {jobs: [{build: {tag: t}}]}}`,
      see: (r) => [spec(r).executor, ...commands(r)],
      is: [{ type: 'docker', images: [{ image: 'i:t-e', environment: {} }] }, 'c t-c', 'j t'],
    },
    ...['main', 'dev'].map((branch) => ({
      name: `60 an expression as a value on ${branch}`,
      values: onBranch(branch),
      config: `version: 2.1\njobs: {build: {docker: [{image: x}], steps: [checkout], parallelism: << pipeline.git.branch == "main" and 10 or 1 >>}}`,
      see: (r: Parameters<typeof spec>[0]) => spec(r).parallelism,
      is: branch === 'main' ? 10 : 1,
    })),
    {
      name: '61 or with null',
      values: onTag('v1'),
      config: `${withSteps('- run: echo << pipeline.git.branch or "unknown branch" >>')}workflows: {w: {jobs: [{build: {filters: "true"}}]}}`,
      see: command,
      is: 'echo unknown branch',
    },
    {
      name: '62 zero is falsy',
      config: withSteps('- run: \'a << pipeline.git.branch == "main" and 0 or 1 >>\''),
      see: command,
      is: 'a 1',
    },
    { name: 'a comment tag', config: withSteps('- run: a<<! nothing >>b'), see: command, is: 'ab' },
    {
      name: '48 keys are not templated',
      config: withSteps('- run: {command: c, environment: {"<< parameters.n >>": x}}'),
      see: (r) => firstStep(r).environment,
      is: { '<< parameters.n >>': 'x' },
      gives: ['W932'],
    },
    {
      name: 'an undefined value in a template is null with a warning',
      config: withSteps('- run: a<< pipeline.event.github.pull_request.title >>'),
      see: command,
      is: 'a',
      gives: ['W902'],
    },
    {
      name: 'null for a string parameter is the empty text',
      config: withParameters('{s: {type: string}}', '{s: << pipeline.git.tag >>}', '- run: a<< parameters.s >>'),
      see: command,
      is: 'a',
    },
    {
      name: 'a condition with text around a tag',
      config: withCondition('when: x << pipeline.number >>'),
      see: runs,
      is: true,
      gives: ['W910'],
    },
    { name: 'a plain workflow runs', config: `version: 2.1\njobs: {build: ${B}}`, see: names, is: ['build'] },
  ])
})
