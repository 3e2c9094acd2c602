import { expect, it } from 'vitest'
import { parseGitAddress } from './routes.ts'

const slug = 'local/acme/app'

it.each([
  ['GET', `${slug}.git/info/refs`, 'git-upload-pack', { slug, path: 'info/refs', service: 'git-upload-pack' }],
  ['GET', `${slug}.git/info/refs`, 'git-receive-pack', { slug, path: 'info/refs', service: 'git-receive-pack' }],
  ['POST', `${slug}.git/git-upload-pack`, undefined, { slug, path: 'git-upload-pack', service: 'git-upload-pack' }],
  ['GET', `${slug}.git/info/refs`, undefined, null],
  ['GET', `${slug}.git/info/refs`, 'git-upload-archive', null],
  ['POST', `${slug}.git/info/refs`, 'git-upload-pack', null],
  ['GET', `${slug}.git/git-upload-pack`, undefined, null],
  ['GET', `${slug}.git/HEAD`, undefined, null],
  ['GET', `${slug}.git/config`, undefined, null],
  ['GET', `${slug}.git/objects/info/packs`, undefined, null],
  ['GET', `local/../acme/app.git/info/refs`, 'git-upload-pack', null],
  ['GET', `../../etc/x.git/info/refs`, 'git-upload-pack', null],
  ['GET', `/local/acme/app.git/info/refs`, 'git-upload-pack', null],
  ['GET', `local/acme/app.git/x.git/info/refs`, 'git-upload-pack', null],
])('%s %s %s', (method, path, service, expected) => {
  expect(parseGitAddress(method, path, service)).toEqual(expected)
})
