import { type Browser, chromium } from 'playwright-core'

/** A real Chromium; `ORRERY_CHROMIUM` names another one. The flags keep it from calling anybody. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['ORRERY_CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
