/** What a real config is expected to be told, and why. A file that is not listed compiles. */
export interface Expected {
  /** Codes of all errors, each once. */
  codes: string[]
  /** What the messages must name. */
  names: string[]
  because: string
}

const withoutOrbs = (...names: string[]): Expected => ({
  codes: ['C421'],
  names,
  because: 'its orbs, or orbs of its orbs, have no source in the corpus',
})

const fragment = (code: 'C110' | 'C406' | 'C550'): Expected => ({
  codes: [code],
  names: [],
  because: 'a fragment, which the setup job puts together with others before it continues',
})

const fragments = (folder: string, code: 'C110' | 'C550', names: string): [string, Expected][] =>
  names.split(' ').map((name) => [`${folder}/${name}`, fragment(code)])

export const expectedOfConfigs: ReadonlyMap<string, Expected> = new Map([
  ['CircleCI-Public__android-orb.yml', withoutOrbs('circleci/circleci-cli@0.1.9')],
  ['CircleCI-Public__aws-ecr-orb.yml', withoutOrbs('circleci/circleci-cli@0.1')],
  ['CircleCI-Public__node-orb.yml', withoutOrbs('circleci/circleci-cli@0.1')],
  ['CircleCI-Public__terraform-provider-circleci.yml', withoutOrbs('circleci/os-detect@0.2')],
  ['FairwindsOps__polaris.yml', withoutOrbs('fairwinds/oss-docs@0')],
  [
    'RevenueCat__purchases-android.yml',
    {
      codes: ['C405'],
      names: ['revenuecat/install-mise-tools'],
      because: 'the corpus holds an older source of the orb than the version it asks for; the command came later',
    },
  ],
  ['anchore__ci-tools.yml', withoutOrbs('circleci/build-tools@2.3.1', 'iynere/compare-url@1.1.0')],
  [
    'angular__components.yml',
    {
      codes: ['C421'],
      names: ['angular/dev-infra@1.0.8'],
      because: 'the orb includes files beside its sources, which no pack may read',
    },
  ],
  ['apollographql__router.yml', withoutOrbs('apollo/circleci-secops-orb@2.0.9')],
  ['apple__pkl.yml', withoutOrbs('apple/pr-approval@0.1.0')],
  ['circleci__circleci-docs.yml', withoutOrbs('circleci/os-detect@0.2')],
  ['circleci__runner-init.yml', withoutOrbs('cci-internal/vuln-scanner@0.11.8')],
  ['cypress-io__circleci-orb.yml', withoutOrbs('circleci/circleci-cli@0.1.9', 'circleci/bats@1.1.0')],
  ['ethereum-optimism__optimism.yml', withoutOrbs('circleci/os-detect@0.2')],
  ['filecoin-project__lotus.yml', withoutOrbs('circleci/build-tools@3.0', 'circleci/jq@2.2')],
  ['influxdata__chronograf.yml', withoutOrbs('circleci/aws-cli@3.1')],
  ['influxdata__influxdb.yml', withoutOrbs('circleci/aws-cli@3.1')],
  ['kumahq__kuma.yml', withoutOrbs('circleci/aws-cli@1.2')],
  ['ministryofjustice__cla_public.yml', withoutOrbs('circleci/aws-cli@4.0.0', 'circleci/aws-ecr@8.2.1')],
  ['ministryofjustice__hmpps-prisoner-profile.yml', withoutOrbs('circleci/rememborb@0.0.2', 'circleci/helm@1.2.0')],
  ['mozilla__bigquery-etl.yml', withoutOrbs('circleci/jq@3.0.2')],
  ['nipreps__fmriprep.yml', withoutOrbs('circleci/build-tools@3.0', 'circleci/jq@2.2')],
  [
    'ory__hydra.yml',
    {
      codes: ['C510'],
      names: ['nancy/test, filters'],
      because: 'an entry of a workflow has its `filters` one level too far left, so that it has two keys',
    },
  ],
  [
    'plotly__dash.yml',
    {
      codes: ['C202'],
      names: ['expected type: list, found: map'],
      because: 'the source of its orb has an executor inside `docker`; what was published must have been another text',
    },
  ],
  ['prometheus__alertmanager.yml', withoutOrbs('circleci/os-detect@0.2')],
  ['prometheus__prometheus.yml', withoutOrbs('circleci/os-detect@0.2')],
  ['snyk__cli.yml', withoutOrbs('snyk/prodsec-orb@1')],
  ['stackrox__collector.yml', withoutOrbs('stackrox/ci-artifacts-orb@0.1.1')],
  ['thanos-io__thanos.yml', withoutOrbs('circleci/os-detect@0.2')],
  ['woocommerce__woocommerce-ios.yml', withoutOrbs('circleci/slack@3.3.0')],
])

export const expectedOfContinuations: ReadonlyMap<string, Expected> = new Map([
  ['CircleCI-Public__android-orb/test-deploy.yml', withoutOrbs('circleci/circleci-cli@0.1.9')],
  ['CircleCI-Public__aws-ecr-orb/test-deploy.yml', withoutOrbs('circleci/circleci-cli@0.1')],
  [
    'CircleCI-Public__cd-config-examples/deploy_markers_aws_ecs_config.yml',
    {
      codes: ['C405'],
      names: ['aws-ecs/update-service'],
      because: 'its orb spells the command with an underscore',
    },
  ],
  ['CircleCI-Public__node-orb/test-deploy.yml', withoutOrbs('circleci/circleci-cli@0.1')],
  ...fragments('aeternity__aeternity/config', 'C550', '@main.yml workflows/@workflows.yml'),
  ...fragments('aeternity__aeternity/config/commands', 'C110', '@artifacts.yml @build.yml @cache.yaml @commands.yml'),
  ...fragments('aeternity__aeternity/config/commands', 'C110', '@deploy.yml @docker.yml @install.yml @tests.yml'),
  ...fragments('aeternity__aeternity/config/commands', 'C110', '@notifications.yml'),
  ...fragments('aeternity__aeternity/config/executors', 'C110', '@executors.yml'),
  ...fragments('aeternity__aeternity/config/jobs', 'C110', '@artifacts.yml @build.yml @deploy.yaml @docker-tests.yml'),
  ...fragments('aeternity__aeternity/config/jobs', 'C110', '@docker.yml @packages.yml @tests.yml'),
  ...fragments('aeternity__aeternity/config/parameters', 'C110', '@parameters.yml'),
  ...fragments('aeternity__aeternity/config/workflows', 'C110', 'commit.yml integration-sync.yml release.yml'),
  ...fragments('aeternity__aeternity/config/workflows', 'C110', 'system-tests.yml'),
  ['circleci__circleci-docs/external-link-check.yml', withoutOrbs('circleci/os-detect@0.2')],
  [
    'circleci__circleci-docs/factory-bot.yml',
    { codes: ['C110'], names: [], because: 'not a config for this compiler: it has no version' },
  ],
  ['cypress-io__circleci-orb/test-deploy.yml', withoutOrbs('circleci/circleci-cli@0.1.9', 'circleci/bats@1.1.0')],
  ['electron__electron/config/base.yml', fragment('C406')],
  ['electron__electron/config/jobs/lint.yml', fragment('C110')],
  ['mozilla__bigquery-etl/workflows.yml', withoutOrbs('circleci/docker@2.7.1', 'circleci/gcp-cli@3.3')],
])

/** What setup jobs pass to their continuation, where it does not compile without. */
export const passedArguments: ReadonlyMap<string, Record<string, string>> = new Map([
  ['ipfs__kubo/main.yml', { resource_class: 'medium', make_jobs: '3' }],
])
