/**
 * The error catalogue. A code is stable and never reused; every code has an entry in docs/errors.md, and a test holds
 * the two together. Config diagnostics (C…/W…) have a catalogue of their own in packages/config.
 */
const catalogue = {
  ORY_UNAUTHENTICATED: {
    status: 401,
    message: 'You must log in first.',
    help: 'Send a personal token, or open the address that `orrery up` prints.',
  },
  ORY_TOKEN_INVALID: {
    status: 401,
    message: 'Invalid token provided.',
    help: 'Make a new token, or check that it was copied whole.',
  },
  ORY_FORBIDDEN: { status: 403, message: 'Permission denied.', help: 'This token may not do that.' },
  ORY_NOT_FOUND: {
    status: 404,
    message: '%s not found',
    help: 'Check the id; private things are hidden as not found.',
  },
  ORY_BAD_REQUEST: { status: 400, message: '%s', help: 'Correct the named field and send the request again.' },
  ORY_FILE: { status: 400, message: '%s cannot be read: %s', help: 'Check the path and its permissions.' },
  ORY_JOB: {
    status: 404,
    message: 'no job %s runs with this config: %s',
    help: '`orrery config graph` shows all of them; a workflow may run on other branches, tags or parameters.',
  },
  ORY_CONFLICT: { status: 409, message: '%s', help: 'Look at the current state and decide again.' },
  ORY_SSH_OFF: {
    status: 403,
    message: 'SSH into jobs of %s is switched off',
    help: 'The project says so (`orrery project settings`), or who runs this installation: `ssh` in its settings.json.',
  },
  ORY_TASK_GONE: {
    status: 410,
    message: 'task %s no longer belongs to this claim',
    help: 'Stop the steps; the server gave this attempt up or it has ended.',
  },
  ORY_OFFSET: {
    status: 409,
    message: 'bytes before offset %s are missing',
    help: 'Send again from the size in the answer.',
  },
  ORY_SEQUENCE: {
    status: 409,
    message: 'events before %s are missing',
    help: 'Send again from the number in the answer.',
  },
  ORY_RECEIPT: {
    status: 422,
    message: 'the log of step %s does not match its receipt',
    help: 'Send the log again from offset 0.',
  },
  ORY_TOO_LARGE: {
    status: 413,
    message: '%s is larger than %s',
    help: 'Make it smaller, or ask the operator for a higher limit.',
  },
  ORY_RATE_LIMIT: {
    status: 429,
    message: 'Rate limit exceeded.',
    help: 'Wait for the seconds that the Retry-After header names.',
  },
  ORY_PROJECT_EXISTS: { status: 409, message: 'project %s exists already', help: 'Choose another name.' },
  ORY_RESOURCE_CLASS: {
    status: 400,
    message: 'This job was rejected because the resource class %s is unavailable',
    help: 'Use a class of this installation.',
  },
  ORY_IMAGE_PULL: {
    status: 502,
    message: 'image %s could not be had: %s',
    help: 'Check the name, the credentials and the image mapping of this runner (`imageMap` of its settings).',
  },
  ORY_NO_IDENTITY: {
    status: 403,
    message: 'this job has no identity to show to others',
    help: 'Builds of forks have none unless the project passes its secrets to forks.',
  },
  ORY_REGISTRY_IDENTITY: {
    status: 501,
    message: '%s: no login at this registry by the identity of the job',
    help: 'Builds of forks have no identity unless the project passes its secrets to them: give the image an `auth`, or an `aws_auth` with aws_access_key_id and aws_secret_access_key.',
  },
  ORY_ENGINE_MISSING: {
    status: 503,
    message: 'no container engine answers (%s)',
    help: 'Start Docker or Podman, or set DOCKER_HOST.',
  },
  ORY_RUNTIME: {
    status: 500,
    message: 'the agent runtime could not be prepared: %s',
    help: 'See the reason; the runner needs a glibc Linux host.',
  },
  ORY_SERVER_UNREACHABLE: {
    status: 503,
    message: 'no server answers at %s: %s',
    help: 'Start one with `orrery up`, or name another address by --server.',
  },
  ORY_DATABASE: {
    status: 503,
    message: 'the database cannot be used: %s',
    help: 'See the reason; with DATABASE_URL, check that the server answers.',
  },
  ORY_DISK_FULL: {
    status: 507,
    message: 'The server has no room left on its disk.',
    help: 'Make room; whoever sent this goes on by itself.',
  },
  ORY_GIT: { status: 500, message: 'git %s failed: %s', help: 'See the reason.' },
  ORY_NO_CONFIG: {
    status: 400,
    message: 'config file %s could not be located on branch %s in repository %s',
    help: 'Add the file and push again.',
  },
  ORY_NO_FAILED_TESTS: {
    status: 409,
    message: 'can not rerun failed tests: %s',
    help: 'Store results that name a file or a classname with store_test_results, and run the tests by `circleci tests run`; or rerun from failed.',
  },
  ORY_HELPER_USAGE: {
    status: 400,
    message: '%s',
    help: 'Run the command with --help to see its arguments and flags.',
  },
  ORY_NOT_YET: {
    status: 501,
    message: '%s is not offered by this installation yet',
    help: 'Leave it out; docs/compatibility.md tells what works.',
  },
  ORY_OUTSIDE_JOB: {
    status: 400,
    message: 'this command works inside a job only (%s)',
    help: 'Run it in a step, with the environment that the step was given.',
  },
  ORY_EARLIER_RESULTS: {
    status: 503,
    message: 'the test results of earlier runs cannot be had: %s',
    help: 'Rerun the job. Going on without them would deal the tests in another way than on the other nodes.',
  },
  ORY_TEST_SUITES: {
    status: 400,
    message: '%s: %s',
    help: 'Correct the named key of the file, then try it with `circleci testsuite doctor "<name>"`.',
  },
  ORY_INTERNAL: { status: 500, message: 'Internal server error.', help: 'Look at the server log for the request id.' },
} as const

export type ErrorCode = keyof typeof catalogue

export const errorCatalogue: Record<ErrorCode, { status: number; message: string; help: string }> = catalogue

/** An error that may be shown to people: a code, one sentence, what to do. `status` is the HTTP status. */
export class OrreryError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly help: string

  constructor(code: ErrorCode, values: readonly (string | number)[] = [], options: ErrorOptions = {}) {
    const rest = [...values]
    super(
      catalogue[code].message.replace(/%s/g, () => String(rest.shift() ?? '')),
      options,
    )
    this.name = 'OrreryError'
    this.code = code
    this.status = catalogue[code].status
    this.help = catalogue[code].help
  }
}
