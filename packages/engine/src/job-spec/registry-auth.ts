import type { PlanImage } from '@orrery/config'
import type { ImageSpec } from '@orrery/protocol'

/** What an image entry says, or the job's variables say for it, about the login at its registry. */
export type RegistryLogin = Pick<ImageSpec, 'auth' | 'awsAuth' | 'gcpAuth'>

/**
 * The login of one image (execution.md 4.5): what its entry says, with references expanded. Where it says nothing, the
 * variables that AWS and Google tools read count for an image of their registries. `token` is the job's own.
 */
export function registryLogin(image: PlanImage, variables: ReadonlyMap<string, string>, token?: string): RegistryLogin {
  const { auth, awsAuth, gcpAuth } = image
  const value = (map: Record<string, string>, key: string) => expandReferences(map[key] ?? '', variables)
  if (auth !== undefined) {
    return { auth: { username: value(auth, 'username'), password: value(auth, 'password') } }
  }
  if (awsAuth?.['oidc_role_arn'] !== undefined) {
    return { awsAuth: { roleArn: value(awsAuth, 'oidc_role_arn'), ...(token !== undefined && { token }) } }
  }
  if (awsAuth !== undefined) {
    const accessKeyId = value(awsAuth, 'aws_access_key_id')
    return { awsAuth: { accessKeyId, secretAccessKey: value(awsAuth, 'aws_secret_access_key') } }
  }
  if (gcpAuth !== undefined) {
    const [serviceAccount, pool, provider] = identityKeys.map((key) => value(gcpAuth, key))
    return {
      gcpAuth: { ...identity(serviceAccount, pool, provider), ...(token !== undefined && { token }), automatic: false },
    }
  }
  return automaticLogin(image.image.split('/', 1)[0] ?? '', variables, token)
}

const identityKeys = ['oidc_service_account', 'workload_identity_pool', 'workload_identity_provider']

function identity(serviceAccount = '', pool = '', provider = '') {
  return { serviceAccount, pool, provider }
}

const ecrHost = /^\d{12}\.dkr[.-]ecr(?:-fips)?\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|on\.aws)$/
const garHost = /^[a-z0-9-]+-docker\.pkg\.dev$/

function automaticLogin(host: string, variables: ReadonlyMap<string, string>, token?: string): RegistryLogin {
  const accessKeyId = variables.get('AWS_ACCESS_KEY_ID')
  const secretAccessKey = variables.get('AWS_SECRET_ACCESS_KEY')
  if (ecrHost.test(host) && accessKeyId && secretAccessKey) {
    // Keys that are lent for a time do not work without it.
    const sessionToken = variables.get('AWS_SESSION_TOKEN')
    return { awsAuth: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } }
  }
  const account = variables.get('GCP_OIDC_SERVICE_ACCOUNT')
  const pool = variables.get('GCP_WORKLOAD_IDENTITY_POOL')
  const provider = variables.get('GCP_WORKLOAD_IDENTITY_PROVIDER')
  if (garHost.test(host) && account && pool && provider) {
    return { gcpAuth: { ...identity(account, pool, provider), ...(token !== undefined && { token }), automatic: true } }
  }
  return {}
}

/** The values of a login that must not be seen in any log, also those that the config spells out. */
export function secretsOf({ auth, awsAuth }: RegistryLogin): string[] {
  const keys = awsAuth !== undefined && 'secretAccessKey' in awsAuth ? awsAuth : undefined
  return [auth?.password, keys?.secretAccessKey, keys?.sessionToken].filter((value) => value !== undefined)
}

/**
 * Expands `$NAME` and `${NAME}` in registry credentials, the one place of a job where config text is expanded
 * (execution.md 4.5). A name that no project or context variable has stays as written: it may be part of a password.
 */
export function expandReferences(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(
    /\$(?:\{(?<braced>[A-Za-z_][A-Za-z0-9_]*)\}|(?<bare>[A-Za-z_][A-Za-z0-9_]*))/g,
    (written, braced: string | undefined, bare: string | undefined) => variables.get(braced ?? bare ?? '') ?? written,
  )
}
