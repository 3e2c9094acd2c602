import { describe } from 'vitest'
import { B, commands, faultCases, names, spec, valueCases } from './harness.ts'

const executors =
  '{e: {parameters: {tag: {type: string, default: latest}}, docker: [{image: "i:<< parameters.tag >>"}], environment: {X: 1, Y: 2}, resource_class: large}}'
const job = (place: string, extra = '') =>
  `version: 2.1\nexecutors: ${executors}\n${extra}jobs: {build: {${place}, steps: [checkout]}}`

describe('executors: faults', () => {
  faultCases([
    {
      name: '153 the name as a key',
      config: job('executor: {docker/docker: {image: x}}'),
      gives: ['C411'],
      says: ['executor: {name: NAME}'],
    },
    { name: '155 no name', config: job('executor: {tag: "0.1"}'), gives: ['C411'] },
    {
      name: '156 unknown',
      config: job('executor: nope'),
      gives: ['C404'],
      says: ['Cannot find a definition for executor named nope'],
    },
    { name: '160 docker and machine', config: job('docker: [{image: x}], machine: true'), gives: ['C410'] },
    { name: '160 neither', config: job('shell: x'), gives: ['C410'] },
    { name: 'machine false', config: job('machine: false'), gives: ['C410'] },
    {
      name: '161 windows',
      config: `version: 2.1\nexecutors: {w: {windows: {}}}\njobs: {build: ${B}}`,
      gives: ['C412'],
      says: ['"windows" is not a supported executor type'],
    },
    { name: '162 machine: true', config: job('machine: true'), gives: ['W920'] },
    { name: '164 an empty list', config: job('docker: []'), gives: ['C202'] },
    { name: '164 no image', config: job('docker: [{name: db}]'), gives: ['C203'], says: ['image'] },
    {
      name: 'half of auth',
      config: job('docker: [{image: x, auth: {username: u}}]'),
      gives: ['C203'],
      says: ['password'],
    },
    {
      name: 'an unknown key',
      config: `version: 2.1\nexecutors: {w: {docker: [{image: x}], resource_clas: x}}\njobs: {build: ${B}}`,
      gives: ['C201'],
      says: ['did you mean "resource_class"?'],
    },
    {
      name: 'an executor name in capitals',
      config: `version: 2.1\nexecutors: {E: {docker: [{image: x}]}}\njobs: {build: ${B}}`,
      gives: ['C120'],
    },
    {
      name: 'a wrong argument',
      config: job('executor: {name: e, tagg: x}'),
      gives: ['C360'],
      says: ['did you mean "tag"?'],
    },
    {
      name: 'unknown executor in an unused job',
      config: `version: 2.1\njobs: {build: ${B}, other: {executor: nope, steps: [checkout]}}\nworkflows: {w: {jobs: [build]}}`,
      gives: ['W904'],
    },
  ])
})

describe('executors: values', () => {
  const images = (result: Parameters<typeof spec>[0]) => {
    const { executor } = spec(result)
    return executor.type === 'docker' ? executor.images.map((one) => one.image) : executor
  }
  valueCases([
    { name: '154 with an argument', config: job('executor: {name: e, tag: "0.1"}'), see: images, is: ['i:0.1'] },
    { name: '157 docker of the job wins', config: job('executor: e, docker: [{image: c}]'), see: images, is: ['c'] },
    {
      name: '158 environment is merged',
      config: job('executor: e, environment: {Y: 3}'),
      see: (r) => spec(r).environment,
      is: { X: '1', Y: '3' },
    },
    {
      name: '159 docker over machine, other keys stay',
      config: `version: 2.1\nexecutors: {m: {machine: {image: u}, resource_class: large}}\njobs: {build: {executor: m, docker: [{image: c}], steps: [checkout]}}`,
      see: (r) => [images(r), spec(r).resourceClass],
      is: [['c'], 'large'],
    },
    {
      name: 'an empty class, directory, name and user are not given',
      config: job('resource_class: "", working_directory: "", docker: [{image: c, name: "", user: ""}]'),
      see: (r) => [spec(r).executor, spec(r).resourceClass, spec(r).workingDirectory],
      is: [{ type: 'docker', images: [{ image: 'c', environment: {} }] }, undefined, '~/project'],
    },
    {
      name: '162 machine: true with a self-hosted class',
      config: job('machine: true, resource_class: acme/linux'),
      see: (r) => spec(r).executor,
      is: { type: 'machine', image: 'default', dockerLayerCaching: false },
    },
    {
      name: '163 the class of the job over that of machine',
      config: job('machine: {image: x, resource_class: large}, resource_class: medium'),
      see: (r) => spec(r).resourceClass,
      is: 'medium',
    },
    {
      name: 'the class of machine',
      config: job('machine: {image: x, resource_class: large, docker_layer_caching: true}'),
      see: (r) => [spec(r).resourceClass, spec(r).executor],
      is: ['large', { type: 'machine', image: 'x', dockerLayerCaching: true }],
    },
    {
      name: 'machine as a string',
      config: job('machine: ubuntu-2404'),
      see: (r) => spec(r).executor,
      is: { type: 'machine', image: 'ubuntu-2404', dockerLayerCaching: false },
    },
    {
      name: '165 an alias of an orb’s executor',
      config: `version: 2.1\norbs: {node: {executors: {default: {docker: [{image: n}]}}}}\nexecutors: {n: node/default}\njobs: {build: {executor: n, steps: [checkout]}}`,
      see: images,
      is: ['n'],
    },
    {
      name: '166 images with all their keys',
      config: job(
        'docker: [{image: x, name: db, entrypoint: "/bin/sh -c \'a b\'", command: [c, d], user: root, environment: {A: 1}, auth: {username: $U, password: $P}, aws_auth: {oidc_role_arn: arn}}]',
      ),
      see: (r) => spec(r).executor,
      is: {
        type: 'docker',
        images: [
          {
            image: 'x',
            name: 'db',
            entrypoint: ['/bin/sh', '-c', 'a b'],
            command: ['c', 'd'],
            user: 'root',
            environment: { A: '1' },
            auth: { username: '$U', password: '$P' },
            awsAuth: { oidc_role_arn: 'arn' },
          },
        ],
      },
    },
    {
      name: '167 environment as a list',
      config: job('docker: [{image: x}], environment: ["A=1", {B: 2}, "A=3"]'),
      see: (r) => spec(r).environment,
      is: { A: '3', B: '2' },
    },
    {
      name: '168 no interpolation',
      config: job('docker: [{image: x}], environment: {P: "$HOME/bin"}'),
      see: (r) => spec(r).environment,
      is: { P: '$HOME/bin' },
    },
    {
      name: '169 a name in a string parameter',
      config: `version: 2.1\nexecutors: ${executors}\njobs: {build: {parameters: {e: {type: string, default: e}}, executor: << parameters.e >>, steps: [checkout]}}`,
      see: images,
      is: ['i:latest'],
    },
    {
      name: 'a list of shell words',
      config: job('docker: [{image: x}], shell: [/bin/sh, -e]'),
      see: (r) => spec(r).shell,
      is: '/bin/sh -e',
    },
    {
      name: 'the place of a plain job',
      config: `version: 2.1\njobs: {build: ${B}}`,
      see: (r) => [names(r), commands(r), spec(r).workingDirectory, spec(r).parallelism],
      is: [['build'], ['checkout'], '~/project', 1],
    },
  ])
})
