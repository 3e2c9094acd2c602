// `npm run quickstart`: everything between a fresh machine and a running Orrery. Runs on the Node that is there; the
// last part runs on the Node that the first part installed.
import { parseArgs } from 'node:util'
import { runWithProductNode } from './lib/install.mjs'
import { prepare } from './lib/prepare.mjs'
import { runMain, SetupError } from './lib/progress.mjs'

const help = `npm run quickstart [-- OPTIONS]

  --exit        end when the sample pipeline has, with 0 only when it succeeded
  --data DIR    where everything is kept (.orrery in the checkout, where PostgreSQL can reach it; else /var/lib/orrery)
  --port N      port of the web app (8700)

Example: npm run quickstart -- --data /srv/orrery --port 8800`

await runMain(async () => {
  if (isHelp(process.argv.slice(2))) {
    console.log(help)
    return 0
  }
  const prepared = await prepare()
  return runWithProductNode('scripts/quickstart.ts', process.argv.slice(2), {
    ORRERY_PREPARED: JSON.stringify(prepared),
  })
})

/**
 * @param {string[]} args
 * @returns {boolean}
 * @throws {SetupError} for what it does not know, before anything is prepared
 */
function isHelp(args) {
  const options = /** @type {const} */ ({
    exit: { type: 'boolean' },
    data: { type: 'string' },
    port: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  })
  try {
    const { values } = parseArgs({ args, options })
    const { port } = values
    if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65535))
      throw new Error('--port takes a number from 0 to 65535.')
    return values.help === true
  } catch (error) {
    throw new SetupError(`${error instanceof Error ? error.message : error}\n\n${help}`)
  }
}
