/** Small configs with much of the language in them, for where no real ones lie beside the checkout. */
export const seeds: readonly string[] = [
  `version: 2.1
orbs: {o: {commands: {c: {parameters: {s: {type: steps, default: []}}, steps: [{steps: << parameters.s >>}]}}}}
parameters: {p: {type: string, default: x}}
executors: {e: {parameters: {t: {type: string, default: a}}, docker: [{image: "i:<< parameters.t >>"}], environment: {A: 1}}}
commands:
  greet: {parameters: {who: {type: string}}, steps: [{run: {name: n, command: "hi << parameters.who >>", when: always}}]}
job-groups: {g: {jobs: [build: {v: "1"}]}}
jobs:
  build: &build
    parameters: {v: {type: string}}
    executor: {name: e, t: << parameters.v >>}
    steps: [checkout, {greet: {who: << parameters.v >>}}, {o/c: {s: [checkout]}}, {when: {condition: {equal: [a, << pipeline.git.branch >>]}, steps: [checkout]}}]
  other: {<<: *build, parallelism: 2}
workflows:
  w:
    when: pipeline.git.branch matches /ma.n/ and not (pipeline.number > 50)
    jobs:
      - build: {matrix: {parameters: {v: ["1", "2"]}, exclude: [{v: "2"}]}, filters: {branches: {only: /m.*/}}}
      - other: {v: << pipeline.parameters.p >>, requires: [{build: [success, failed]}], context: [c], serial-group: k}
      - g: {requires: [other]}
      - hold: {type: approval, requires: [g], filters: pipeline.git.branch == "main"}
`,
  `version: 2.1
x-defaults: &defaults
  docker:
    - image: cimg/node:22.1
      environment: {CI: true}
  working_directory: ~/app
parameters:
  deploy: {type: boolean, default: false}
jobs:
  test:
    <<: *defaults
    parallelism: 4
    steps:
      - checkout
      - restore_cache:
          keys: ["v1-{{ checksum \\"package-lock.json\\" }}", v1-]
      - run: npm ci
      - run:
          name: Test
          command: |
            npm test -- \\
              --shard << pipeline.number >>
          when: always
          no_output_timeout: 20m
      - store_test_results: {path: reports}
  deploy:
    <<: *defaults
    steps:
      - checkout
      - unless:
          condition:
            or:
              - equal: [main, << pipeline.git.branch >>]
              - not: << pipeline.parameters.deploy >>
          steps: [run: exit 1]
      - run: ./deploy
workflows:
  ci:
    jobs:
      - test:
          filters:
            tags: {only: /v.*/}
      - deploy:
          requires: [test]
          context: [production]
          filters:
            branches: {ignore: [/pull.*/, dev]}
`,
]
