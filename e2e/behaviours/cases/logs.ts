import { expect } from 'vitest'
import { type Behaviours, say } from '../behaviour.ts'

/** Set on the project before the pipeline starts. */
export const secrets = {
  SECRET: 'supersecret',
  SECRET_LONGER: 'supersecretive',
  SECRET_SHORT: 'abz',
  SECRET_TRUE: 'true',
  SECRET_NUMBER: '8642',
  SECRET_LINES: 'line-one-of-it\nline-two-of-it\n',
}

/** Execution.md A.13: masking and logs. */
export const logs: Behaviours = {
  masking: {
    numbers: [316, 317, 319, 320, 321, 323],
    steps: [
      say('whole', 'echo "$SECRET" "$SECRET_SHORT" "$SECRET_TRUE" "$SECRET_NUMBER"'),
      say('in pieces', "printf 'super'; sleep 0.2; printf 'sec'; sleep 0.2; echo ret"),
      say('encoded', 'printf %s "$SECRET" | base64'),
      say('prefix', 'echo "$SECRET_LONGER" "$SECRET"'),
      say('lines', 'printf %s "$SECRET_LINES"; echo "[$(printf %s "$SECRET_LINES" | tail -n 1)]"'),
    ],
    says: {
      whole: '**** abz true ****\n',
      'in pieces': '****\n',
      encoded: 'c3VwZXJzZWNyZXQ=\n',
      prefix: '**** ****\n',
      lines: /^\*\*\*\*\n?(?:\*\*\*\*\n)?\[\*\*\*\*\]\n$/,
    },
    async more(seen) {
      expect(await seen.log('Preparing environment variables')).toContain('  SECRET=**REDACTED**\n')
    },
  },
  identity: {
    numbers: [83, 324],
    steps: [
      say('usual', 'echo "$CIRCLE_OIDC_TOKEN" "$CIRCLE_OIDC_TOKEN_V2"'),
      say('asked', 'circleci run oidc get --claims \'{"aud":"sts.example"}\' > token; cat token'),
      say(
        'claims',
        'set +o pipefail; cut -d. -f2 token | tr -- -_ +/ | base64 -d 2> /dev/null | grep -o \'"aud":"[^"]*"\'',
      ),
    ],
    says: {
      usual: '**** ****\n',
      asked: /^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+\n$/,
      claims: '"aud":"sts.example"\n',
    },
    async more(seen) {
      expect(await seen.log('Preparing environment variables')).toContain('  CIRCLE_OIDC_TOKEN=****\n')
    },
  },
  'value-of-the-config': {
    numbers: [318],
    job: { environment: { SHOWN: 'visible-in-the-config' } },
    steps: [say('echo', 'echo "$SHOWN"')],
    says: { echo: 'visible-in-the-config\n' },
  },
  'masked-artifact': {
    numbers: [322],
    steps: [say('write', 'printf %s "$SECRET" > secret.txt'), { store_artifacts: { path: 'secret.txt' } }],
    async more({ view, client }) {
      const [artifact] = await client.artifacts(view.id)
      const bytes = await new Response(await client.download(artifact?.url ?? '')).text()
      expect(bytes).toBe('supersecret')
    },
  },
  'raw-bytes': {
    numbers: [326, 327],
    steps: [say('bytes', "printf '\\033[31mred\\033[0m\\rgreen\\n\\377\\376 end\\n'")],
    async more({ view, client }) {
      const step = view.tasks[0]?.steps.find(({ name }) => name === 'bytes')
      const bytes = await client.log(view.id, 0, step?.step ?? 0)
      const said = Buffer.concat([
        Buffer.from('\x1b[31mred\x1b[0m\rgreen\r\n'),
        Buffer.from([255, 254]),
        Buffer.from(' end\r\n'),
      ])
      expect(bytes.subarray(-said.length)).toEqual(said)
    },
  },
  'too-much-output': {
    numbers: [325],
    steps: [
      say(
        'much',
        'set +o pipefail; yes "a line that is printed much too often, and one more time" | head -c 60000000; echo the end',
      ),
    ],
    async more(seen) {
      const log = await seen.log('much')
      expect(log.length).toBeLessThanOrEqual(50 * 1024 * 1024)
      expect(log).toMatch(/\[\d+ bytes are not kept\.\]\n/)
      expect(log.endsWith('the end\r\n')).toBe(true)
    },
  },
}
