import { fileURLToPath } from 'node:url'
import { webConfig } from './src/build.ts'

export default webConfig(fileURLToPath(new URL('./dist', import.meta.url)))
