import { describe } from 'vitest'
import { onTag } from '../testing/compile.ts'
import {
  B,
  commands,
  faultCases,
  firstStep,
  graph,
  jobsOf,
  names,
  spec,
  valueCases,
  withCondition,
  withParameters,
  withSteps,
  withWorkflow,
} from './harness.ts'

// Rules that the list of edge cases does not name; § is the section of the specification.
const docker = 'docker: [{image: x}]'
const job = (keys: string) => `version: 2.1\njobs: {build: {${docker}, steps: [checkout], ${keys}}}`
const place = (keys: string) => `version: 2.1\njobs: {build: {${keys}, steps: [checkout]}}`
const command = (parameters: string) => `commands: {c: {parameters: ${parameters}, steps: [checkout]}}\n`
const t = (entry: string) =>
  `version: 2.1\njobs: {t: {parameters: {v: {type: string}}, ${docker}, steps: [checkout]}, u: ${B}}\n${entry}`

describe('rules by section: faults', () => {
  faultCases([
    {
      name: '§2.1 two documents',
      config: `version: 2.1\njobs: {build: ${B}}\n---\nversion: 2.1\n`,
      gives: ['C100 4:1'],
    },
    { name: '§2.1 another standard tag', config: `version: 2.1\nx: !!set {a}\njobs: {build: ${B}}`, gives: ['C101'] },
    { name: '§3 jobs as a list', config: 'version: 2.1\njobs: [a]\n', gives: ['C202 2:7'] },
    {
      name: '§5.1 a workflow without a name',
      config: `version: 2.1\njobs: {build: ${B}}\nworkflows: {"": {jobs: [build]}}`,
      gives: ['C120 3:13'],
    },
    { name: '§5.2 two slashes in a job', config: withWorkflow('- a/b/c'), gives: ['C401'] },
    { name: '§5.2 two slashes in an executor', config: place('executor: a/b/c'), gives: ['C401'] },
    {
      name: '§6.4 an expression as a section',
      config: withSteps('- run: "<<# pipeline.number == 1 >>x<</ pipeline.number == 1 >>"'),
      gives: ['C311'],
    },
    {
      name: '§6.6 a default that names a parameter of its element',
      config: withSteps(
        '- c',
        command('{a: {type: string, default: x}, b: {type: string, default: << parameters.a >>}}'),
      ),
      gives: ['C320'],
    },
    { name: '§7.1 a value of context restrictions', config: withCondition('when: job.ssh.enabled'), gives: ['C322'] },
    {
      name: '§9.2 a number over 64 bits',
      config: withCondition('when: pipeline.number == 9223372036854775808'),
      gives: ['C301'],
    },
    {
      name: '§11.1 enum members twice',
      config: withSteps('- checkout', command('{e: {type: enum, enum: [a, a]}}')),
      gives: ['C351'],
    },
    {
      name: '§11.1 a default that is no variable name',
      config: withSteps('- checkout', command('{v: {type: env_var_name, default: A-B}}')),
      gives: ['C352'],
    },
    {
      name: '§11.4 a float for an integer',
      config: withParameters('{n: {type: integer}}', '{n: 1.0}', '- checkout'),
      gives: ['C362'],
    },
    {
      name: '§11.4 a number for a boolean',
      config: withParameters('{b: {type: boolean}}', '{b: 1}', '- checkout'),
      gives: ['C362'],
    },
    {
      name: '§11.4 a member of another type',
      config: withParameters('{e: {type: enum, enum: [1], default: 1}}', '{e: "1"}', '- checkout'),
      gives: ['C362'],
    },
    { name: '§12.1 docker as a map', config: place('docker: {image: x}'), gives: ['C202'] },
    { name: '§12.2 machine null', config: place('machine: '), gives: ['C410'] },
    {
      name: '§12.2 half of a key pair',
      config: place('docker: [{image: x, aws_auth: {aws_access_key_id: a}}]'),
      gives: ['C203'],
      says: ['aws_secret_access_key', 'oidc_role_arn'],
    },
    {
      name: '§12.5 a name that no shell can read, in a list',
      config: job('environment: ["A-B=1"]'),
      gives: ['W932'],
      says: ['A-B'],
    },
    {
      name: '§13 a scalar argument of an orb’s command',
      config: `version: 2.1\norbs: {o: {commands: {c: {steps: [checkout]}}}}\njobs: {build: {${docker}, steps: [{o/c: x}]}}`,
      gives: ['C222'],
    },
    { name: '§14.1 a scalar argument of a built-in', config: withSteps('- checkout: foo'), gives: ['C222'] },
    { name: '§14.7 save_cache without paths', config: withSteps('- save_cache: {key: x}'), gives: ['C203'] },
    { name: '§14.8 null keys', config: withSteps('- restore_cache: {key: , keys: }'), gives: ['C226'] },
    { name: '§14.11 no paths', config: withSteps('- persist_to_workspace: {root: ., paths: []}'), gives: ['C202'] },
    {
      name: '§14.14 a signing bundle in a container',
      config: withSteps('- install_signing_bundle'),
      gives: ['W922'],
    },
    { name: '§4 the old name of run', config: withSteps('- shell: {command: x}'), gives: ['C405'] },
    { name: '§15.2 half a copy', config: job('parallelism: 1.5'), gives: ['C202'] },
    {
      name: '§15.4 validation without enabled',
      config:
        'version: 2.1\njobs: {r: {type: release, plan_name: p, validation: {webhooks: [{name: w, provider: other}]}}}\nworkflows: {w: {jobs: [r]}}',
      gives: ['C203', 'C202'],
      says: ['enabled', 'datadog'],
    },
    {
      name: '§16.1 a workflow that is null',
      config: `version: 2.1\njobs: {build: ${B}}\nworkflows: {w: }`,
      gives: ['C202'],
    },
    {
      name: '§16.1 reruns by template',
      config: `version: 2.1\nparameters: {n: {type: integer, default: 9}}\njobs: {build: ${B}}\nworkflows: {w: {max_auto_reruns: << pipeline.parameters.n >>, jobs: [build]}}`,
      gives: ['C232'],
    },
    { name: '§16.4 a list as the body of an entry', config: withWorkflow('- build: [a]'), gives: ['C202'] },
    { name: '§16.4 when of an entry', config: withWorkflow('- build: {when: true}'), gives: ['C360'] },
    { name: '§16.7 a context of two lines', config: withWorkflow('- build: {context: "a\\nb"}'), gives: ['C530'] },
    {
      name: '§19.1 a template in the orbs of an orb',
      config: `version: 2.1\norbs: {o: {orbs: {p: "acme/tool@<< pipeline.number >>"}, commands: {}}}\njobs: {build: ${B}}`,
      gives: ['C420'],
    },
    {
      name: '§19.5 executors that name each other',
      config: `version: 2.1\nexecutors: {a: b, b: a}\njobs: {build: {executor: a, steps: [checkout]}}`,
      gives: ['C428', 'C428'],
    },
  ])
})

describe('rules by section: values', () => {
  const matrix = 'matrix: {parameters: {v: [a, b]}}'

  valueCases([
    ...['\uFEFFversion: 2.1\n', '%YAML 1.2\n---\nversion: 2.1\n', '---\nversion: 2.1\n'].map((head, index) => ({
      name: `§2.1 the beginning of a document, ${index}`,
      config: `${head}jobs: {build: ${B}}\n`,
      see: names,
      is: ['build'],
    })),
    {
      name: '§2.1 standard tags',
      config: job(
        'environment: {A: !!int "7", B: !!bool "yes", C: !!null "", D: !!float "1.50", E: !!str 0x1F, F: 0x1F}',
      ),
      see: (r) => spec(r).environment,
      is: { A: '7', B: '1', C: '<nil>', D: '1.50', E: '0x1F', F: '0x1F' },
    },
    { name: '§3 setup: yes', config: `version: 2.1\nsetup: yes\njobs: {build: ${B}}`, see: (r) => r.isSetup, is: true },
    {
      name: '§3 experimental is known',
      config: `version: 2.1\nexperimental: {notify: {branches: {only: [main]}}}\njobs: {build: ${B}}`,
      see: names,
      is: ['build'],
    },
    {
      name: '§6.4 nested sections',
      config: withParameters(
        '{a: {type: string, default: x}, b: {type: boolean, default: true}}',
        '{}',
        '- run: "z<<#parameters.a>>1<<^parameters.b>>2<</parameters.b>>3<</ parameters.a >>"',
      ),
      see: commands,
      is: ['z13'],
    },
    {
      name: '§6.7 pre-steps mean the commands of the config, also for an orb’s job',
      config: `version: 2.1\norbs: {o: {jobs: {j: {${docker}, steps: [setup]}}, commands: {setup: {steps: [{run: orb}]}}}}\ncommands: {setup: {steps: [{run: config}]}}\nworkflows: {w: {jobs: [{o/j: {pre-steps: [setup]}}]}}`,
      see: commands,
      is: ['config', 'orb'],
    },
    {
      name: '§7.2 an undefined value in a logic statement is null',
      config: withCondition('when: {equal: [<< pipeline.event.github.label.name >>, ""]}'),
      see: names,
      is: ['build'],
      gives: ['W902'],
    },
    {
      name: '§9.2 a parameter with the name of an operator, quotes in quotes',
      config: withCondition(
        `when: "pipeline.parameters.matches matches /x/ and 'it\\\\'s' == \\"it's\\""`,
        'parameters: {matches: {type: string, default: x}}\n',
      ),
      see: names,
      is: ['build'],
    },
    {
      name: '§6.3 a comparison as a value is a boolean',
      config: withSteps('- run: {command: x, background: << pipeline.number == 42 >>}'),
      see: (r) => firstStep(r).background,
      is: true,
    },
    {
      name: '§10.2 a number is matched as text',
      config: withCondition('when: {matches: {pattern: "4.", value: << pipeline.number >>}}'),
      see: names,
      is: ['build'],
    },
    {
      name: '§12.1 an executor that names another of the config',
      config: `version: 2.1\nexecutors: {a: b, b: {${docker}}}\njobs: {build: {executor: a, steps: [checkout]}}`,
      see: (r) => spec(r).executor,
      is: { type: 'docker', images: [{ image: 'x', environment: {} }] },
    },
    {
      name: '§12.5 a list under a map, a value with =, a null',
      config: `version: 2.1\nexecutors: {e: {${docker}, environment: ["A=1", "C=x=y"]}}\njobs: {build: {executor: e, environment: {A: 2, B: null}, steps: [checkout]}}`,
      see: (r) => spec(r).environment,
      is: { A: '2', C: 'x=y', B: '<nil>' },
    },
    {
      name: '§13 a command that names an orb’s has its parameters',
      config: `version: 2.1\norbs: {o: {commands: {c: {parameters: {s: {type: string}}, steps: [{run: "a << parameters.s >>"}]}}}}\ncommands: {k: o/c}\njobs: {build: {${docker}, steps: [{k: {s: x}}]}}`,
      see: commands,
      is: ['a x'],
    },
    {
      name: '§14.4 a delay by template',
      config: withParameters(
        '{d: {type: string, default: 30s}}',
        '{}',
        '- run: {command: x, max_auto_reruns: 1, auto_rerun_delay: << parameters.d >>}',
      ),
      see: (r) => firstStep(r).autoRerunDelayS,
      is: 30,
    },
    {
      name: '§16.2 unless with an expression',
      config: withCondition('unless: pipeline.git.branch == "main"'),
      see: names,
      is: [],
    },
    {
      name: '§16.5 a requirement by template',
      config: withWorkflow('- a: {name: x42}\n- build: {requires: ["x<< pipeline.number >>"]}', ['a', 'build']),
      see: graph,
      is: { x42: [], build: ['x42'] },
    },
    {
      name: '§16.6 branch filters alone on a tag',
      values: onTag('v1'),
      config: withWorkflow('- build: {filters: {branches: {only: main}}}'),
      see: names,
      is: [],
    },
    {
      name: '§16.11 locks of one job under two keys have two names',
      config: `version: 2.1\njobs: {build: ${B}}\nworkflows: {v: {jobs: [build: {serial-group: k}]}, w: {jobs: [build: {serial-group: l}]}}`,
      see: (r) =>
        jobsOf(r)
          .filter(({ type }) => type === 'lock')
          .map(({ name, serialKey }) => [name, serialKey]),
      is: [
        ['build/serial-group-start-1', 'k'],
        ['build/serial-group-start-2', 'l'],
      ],
    },
    {
      name: '§17.1 a template as a value',
      config: t('workflows: {w: {jobs: [{t: {matrix: {parameters: {v: [<< pipeline.git.branch >>, b]}}}}]}}'),
      see: names,
      is: ['t-main', 't-b'],
    },
    {
      name: '§17.2 exclude compares by type',
      config: t('workflows: {w: {jobs: [{t: {matrix: {parameters: {v: ["3", "4"]}, exclude: [{v: 3}]}}}]}}'),
      see: names,
      is: ['t-3', 't-4'],
    },
    {
      name: '§17.3 matrix values in every key of the entry',
      config: t(
        `workflows: {w: {jobs: [{t: {${matrix}, name: "n<< matrix.v >>", pre-steps: [{run: "m << matrix.v >>"}], context: "c-<< matrix.v >>", serial-group: "k/<< matrix.v >>"}}]}}`,
      ),
      see: (r) => [
        commands(r, 'na'),
        jobsOf(r).map(({ name, contexts, serialKey }) => [name, ...contexts, serialKey].filter(Boolean)),
      ],
      is: [
        ['m a', 'checkout'],
        [
          ['na/serial-group-start', 'k/a'],
          ['na', 'c-a'],
          ['na/serial-group-end', 'k/a'],
          ['nb/serial-group-start', 'k/b'],
          ['nb', 'c-b'],
          ['nb/serial-group-end', 'k/b'],
        ],
      ],
    },
    {
      name: '§18 a matrix inside a group',
      config: t(
        `job-groups: {g: {jobs: [{t: {${matrix}}}, {u: {requires: [t]}}]}}\nworkflows: {w: {jobs: [{g: {name: n}}, {u: {requires: [n]}}]}}`,
      ),
      see: graph,
      is: {
        'n/group-start': [],
        'n-t-a': ['n/group-start'],
        'n-t-b': ['n/group-start'],
        'n-u': ['n-t-a', 'n-t-b'],
        'n/group-end': ['n-u'],
        u: ['n/group-end'],
      },
    },
  ])
})
