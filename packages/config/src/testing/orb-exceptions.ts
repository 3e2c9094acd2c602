/**
 * What of the real orbs does not compile, and why: faults of their own, or orbs they import that the corpus lacks. The
 * pattern is of `<folder> pack|valid|elements|example <name> <code> <message>`.
 */
export const orbExceptions: [RegExp, string][] = [
  [
    /^(angular__dev-infra|eddiewebb__queue)\/\S+ pack C432 .*\.\.\//,
    'includes files beside its sources, which no pack may read',
  ],
  [
    / valid C40[45] .* named (os-detect|detect|bt|build-tools|cli|circle-compare-url|wait-for|ghpr|mem)\//,
    'imports an orb of which the corpus has no source',
  ],
  [
    / valid C40[45] .* named (helm|kubernetes|orb-tools|gcp-cli)\//,
    'imports an old version, for which the corpus has only a newer source',
  ],
  [
    /^circleci__(azure-acr|gcp-gcr|gcp-gke|aws-ecr)\/\S+ (elements|example \S+) C360 .*: (aws-access-key-id|docker-context|lint-dockerfile|step-name)/,
    'passes arguments of an old version, for which the corpus has only a newer source',
  ],
  [/^cypress-io__cypress\/src valid C351 /, '`enum` beside `type: string` (11.1)'],
  [/^percy__agent\/src valid (C202|C320) /, 'an executor whose `docker` is a map with `parameters` in it'],
  [/^salesforce__npm-release-management\/\S+ valid C202 .*found: string/, 'the `steps` of a condition are a string'],
  [
    /^fairwinds__rok8s-scripts\/src elements C362 .*password-variable/,
    'passes empty text where a variable name is due',
  ],
  [/ example \S+ C550 /, 'the example is a fragment that runs nothing'],
  [/^ory__\S+ example \S+ C401 /, 'the example uses an alias that it does not declare'],
  [/^circleci__slack\/\S+ example \S+ C420 .*circleci\/node:4\.1/, 'the example writes `:` for `@`'],
  [/^circleci__orb-tools\/\S+ example step2_test-deploy C120 .*<my-orb>/, 'the example holds a placeholder'],
  [/^entur__owasp\/\S+ example \S+ C404 .*java_11/, 'the example uses an executor that it does not show'],
  [
    /^(circleci__(docker|github-cli|slack)|ory__golangci|eddiewebb__queue)\/\S+ example \S+ C406 /,
    'the example requires or names a job that it does not show',
  ],
  [
    /^(circleci__(gcp-gcr|gcp-gke)|guitarrapc__git-shallow-clone|ory__changelog|snyk__snyk|anchore__grype)\/\S+ example \S+ C40[56] /,
    'the example names an element that the orb does not have, or no longer',
  ],
  [
    /^circleci__helm\/\S+ example install_helm_chart_with_helm3 C40[456] .*aws-eks\//,
    'the example is of an old aws-eks',
  ],
  [
    /^circleci__(android|aws-code-deploy|aws-eks|gcp-gke|github-cli|gradle|orb-tools|ruby|aws-ecr)\/\S+ example \S+ C36[01] /,
    'the example was left behind by a change of parameters',
  ],
  [/^circleci__android\/\S+ example test_matrix C320 /, 'the example has a job without the parameters that it uses'],
  [/^circleci__aws-ecr\/src example \S+ (C202|C225|C320) /, 'the example is wrongly indented, or a map for a list'],
]
