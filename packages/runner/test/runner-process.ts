// A runner as a process of its own, to be killed or stopped: settings as JSON in the first argument; in the second, whom it runs as.
import { createRunner } from '../src/index.ts'

const user = process.argv[3] === undefined ? undefined : JSON.parse(process.argv[3])
if (user !== undefined) {
  // Here and not at the start of the process: that user need not be able to read the checkout.
  process.setgroups?.([])
  process.setgid?.(user.gid)
  process.setuid?.(user.uid)
}
const runner = createRunner(JSON.parse(process.argv[2] ?? '{}'))
process.once('SIGTERM', () => void runner.stop().then(() => process.exit()))
await runner.start()
