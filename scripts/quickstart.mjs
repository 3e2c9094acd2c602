// `npm run quickstart`: everything between a fresh machine and a running Orrery. Runs on the Node that is there; the
// last part runs on the Node that the first part installed.
import { runWithProductNode } from './lib/install.mjs'
import { prepare } from './lib/prepare.mjs'
import { runMain } from './lib/progress.mjs'

await runMain(async () => {
  const prepared = await prepare()
  return runWithProductNode('scripts/quickstart.ts', process.argv.slice(2), {
    ORRERY_PREPARED: JSON.stringify(prepared),
  })
})
