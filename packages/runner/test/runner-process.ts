// A runner as a process of its own, to be killed: settings as JSON in the first argument.
import { createRunner } from '../src/index.ts'

await createRunner(JSON.parse(process.argv[2] ?? '{}')).start()
