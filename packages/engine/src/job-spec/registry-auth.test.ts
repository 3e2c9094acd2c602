import type { PlanImage } from '@orrery/config'
import { describe, expect, it } from 'vitest'
import { expandReferences, registryLogin, secretsOf } from './registry-auth.ts'

const ecr = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:1'
const gar = 'europe-west1-docker.pkg.dev/team/repo/app:1'
const aws = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 's3cret' }
const gcp = {
  GCP_OIDC_SERVICE_ACCOUNT: 'acc',
  GCP_WORKLOAD_IDENTITY_POOL: 'pool',
  GCP_WORKLOAD_IDENTITY_PROVIDER: 'prov',
}
const account = { serviceAccount: 'acc', pool: 'pool', provider: 'prov' }

describe('registryLogin', () => {
  it.each<{ what: string; image: Partial<PlanImage>; variables: Record<string, string>; login: object }>([
    {
      what: '106: auth expands what project or context set',
      image: { auth: { username: 'bot', password: '$DOCKERHUB_PASSWORD' } },
      variables: { DOCKERHUB_PASSWORD: 'hush' },
      login: { auth: { username: 'bot', password: 'hush' } },
    },
    {
      what: 'a literal stays, also with a dollar in it',
      image: { auth: { username: 'bot', password: 'pa$$word' } },
      variables: {},
      login: { auth: { username: 'bot', password: 'pa$$word' } },
    },
    {
      what: 'aws_auth with keys',
      image: { awsAuth: { aws_access_key_id: 'AKID', aws_secret_access_key: '${KEY}' } },
      variables: { KEY: 'k' },
      login: { awsAuth: { accessKeyId: 'AKID', secretAccessKey: 'k' } },
    },
    {
      what: 'aws_auth with a role',
      image: { image: ecr, awsAuth: { oidc_role_arn: 'arn:$ROLE' } },
      variables: { ...aws, ROLE: 'x' },
      login: { awsAuth: { roleArn: 'arn:x' } },
    },
    {
      what: '108: an ECR image takes the AWS variables',
      image: { image: ecr },
      variables: aws,
      login: { awsAuth: { accessKeyId: 'AKID', secretAccessKey: 's3cret' } },
    },
    {
      what: 'with the session token of keys that are lent',
      image: { image: ecr },
      variables: { ...aws, AWS_SESSION_TOKEN: 'lent' },
      login: { awsAuth: { accessKeyId: 'AKID', secretAccessKey: 's3cret', sessionToken: 'lent' } },
    },
    {
      what: 'auth of an ECR image wins over the variables',
      image: { image: ecr, auth: { username: 'AWS', password: 'p' } },
      variables: aws,
      login: { auth: { username: 'AWS', password: 'p' } },
    },
    { what: 'one key of the pair is none', image: { image: ecr }, variables: { AWS_ACCESS_KEY_ID: 'A' }, login: {} },
    {
      what: 'a host that only looks like ECR gets nothing',
      image: { image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example/app' },
      variables: aws,
      login: {},
    },
    { what: 'another registry gets nothing', image: { image: 'acme/app' }, variables: { ...aws, ...gcp }, login: {} },
    {
      what: '109: an Artifact Registry image takes the three GCP variables',
      image: { image: gar },
      variables: gcp,
      login: { gcpAuth: { ...account, automatic: true } },
    },
    {
      what: 'gcp_auth',
      image: {
        gcpAuth: {
          oidc_service_account: '$ACCOUNT',
          workload_identity_pool: 'pool',
          workload_identity_provider: 'prov',
        },
      },
      variables: { ACCOUNT: 'acc' },
      login: { gcpAuth: { ...account, automatic: false } },
    },
  ])('$what', ({ image, variables, login }) => {
    const plan = { image: 'acme/app', environment: {}, ...image }

    expect(registryLogin(plan, new Map(Object.entries(variables)))).toEqual(login)
  })
})

it.each([
  { what: 'gcp_auth', image: { image: 'acme/app', gcpAuth: { oidc_service_account: 'acc' } } },
  { what: 'the three variables', image: { image: gar } },
])('hands the job’s token on with $what', ({ image }) => {
  const login = registryLogin({ environment: {}, ...image }, new Map(Object.entries(gcp)), 'token-of-the-job')

  expect(login.gcpAuth?.token).toBe('token-of-the-job')
})

it('names the secrets of a login, also those that the config spells out', () => {
  expect(secretsOf({ auth: { username: 'u', password: 'p' } })).toEqual(['p'])
  expect(secretsOf({ awsAuth: { accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't' } })).toEqual(['s', 't'])
  expect(secretsOf({ awsAuth: { roleArn: 'arn' } })).toEqual([])
})

describe('expandReferences', () => {
  const known = new Map([
    ['USER', 'ann'],
    ['KEY_2', 'a$USER'],
  ])

  it.each([
    ['$USER', 'ann'],
    ['${USER}', 'ann'],
    ['x-$USER-${KEY_2}', 'x-ann-a$USER'],
    ['pa$$word', 'pa$$word'],
    ['$UNKNOWN', '$UNKNOWN'],
    ['${USER', '${USER'],
    ['$USERS', '$USERS'],
    ['100$', '100$'],
  ])('%j → %j', (text, expected) => {
    expect(expandReferences(text, known)).toBe(expected)
  })
})
