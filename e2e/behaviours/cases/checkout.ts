import { expect } from 'vitest'
import { type Behaviours, images, say } from '../behaviour.ts'

/** Execution.md A.6 on repositories that Orrery hosts. */
export const checkout: Behaviours = {
  checkout: {
    numbers: [137, 139, 142, 146, 149, 151],
    steps: [
      'checkout',
      { checkout: { path: 'sub' } },
      { checkout: { path: '~/full', method: 'full', name: 'Full' } },
      say(
        'head',
        '[ "$(git rev-parse HEAD)" = "$CIRCLE_SHA1" ]; git symbolic-ref --short HEAD; git config gc.auto; git status -s; ' +
          'git config remote.origin.promisor; git -C sub config remote.origin.promisor; ' +
          'git -C ~/full config remote.origin.promisor || echo none; cat sub/note.txt ~/full/note.txt; git config user.name || echo nobody',
      ),
      say('lazy', 'git cat-file -p HEAD~1:note.txt 2>/dev/null; git fetch -q && echo fetched'),
      say(
        'known',
        'for h in github.com gitlab.com bitbucket.org; do ssh-keygen -F $h | grep -c ssh-ed25519; done; ls -ld ~/.ssh',
      ),
    ],
    says: {
      head: 'main\n0\n?? sub/\ntrue\ntrue\nnone\nsecond\nsecond\nnobody\n',
      lazy: 'first\nfetched\n',
      known: /^1\n1\n1\ndrwx------/,
    },
  },
  'checkout-blocked': {
    numbers: [143],
    steps: [{ run: 'mkdir sub; touch sub/x' }, { checkout: { path: 'sub' } }],
    status: 'failed',
    says: { 'Checkout code': /exists, is not empty and is not a git repository/ },
  },
  'checkout-cached': {
    numbers: [144],
    steps: [
      'checkout',
      say(
        'age',
        'git reset -q --hard HEAD~1 && find . -mindepth 1 -maxdepth 1 ! -name .git -exec rm -rf {} + ; echo stale > note.txt',
      ),
      { checkout: { name: 'Again' } },
      say('now', 'cat note.txt; [ "$(git rev-parse HEAD)" = "$CIRCLE_SHA1" ]'),
    ],
    says: { now: 'second\n' },
  },
  'checkout-other-owner': {
    numbers: [],
    steps: [
      'checkout',
      { run: 'sudo chown -R root: . && sudo chmod -R a+rwX .' },
      { checkout: { name: 'Again' } },
      say('s', 'git log --oneline | wc -l'),
    ],
    says: { s: '2\n' },
  },
  'checkout-odd-home': {
    numbers: [152],
    job: { docker: [{ image: images.odd }] },
    steps: ['checkout', say('s', 'test -s ~/.ssh/known_hosts && test ! -e /.ssh && echo ~/.ssh')],
    says: { s: '/home/circleci/.ssh\n' },
  },
  'checkout-without-git': {
    numbers: [141],
    image: 'busybox',
    steps: ['checkout', say('s', 'cat note.txt')],
    says: { 'Checkout code': /no git/, s: 'second\n' },
    more: async (seen) => expect(seen.ran()).toEqual(['Checkout code success 0', 's success 0']),
  },
}
