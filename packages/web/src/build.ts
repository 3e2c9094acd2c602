import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import type { InlineConfig } from 'vite'
import { build } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * The one Vite configuration, used by the dev server and by `buildWeb`.
 * `assetsInlineLimit: 0` keeps every asset a file: the pages must work under `default-src 'self'`.
 */
export function webConfig(outDir: string): InlineConfig {
  return {
    root,
    plugins: [react()],
    build: {
      outDir,
      emptyOutDir: true,
      assetsInlineLimit: 0,
      // `light-dark()` is used as it is; older browsers than these would need a rewritten style sheet.
      cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
      modulePreload: { polyfill: false },
    },
    server: { proxy: { '/api': 'http://127.0.0.1:8700' } },
  }
}

/**
 * Builds the web app into `outDir` (absolute; emptied first): `index.html` plus hashed files under `assets/`.
 * Every path without a file of that name must answer `index.html`. Throws what Vite throws.
 */
export async function buildWeb(outDir: string): Promise<void> {
  // Vite lets a NODE_ENV that is set win over `mode`, and would bundle the development form of React.
  const before = process.env['NODE_ENV']
  process.env['NODE_ENV'] = 'production'
  try {
    await build({ ...webConfig(outDir), configFile: false, logLevel: 'warn', mode: 'production' })
  } finally {
    if (before === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = before
  }
}
