/** Where a behaviour is proven that is no job of the table: a test file and words of the test's title in it. */
type Proof = readonly [file: string, title: string]

const ends = 'e2e/behaviours/ends.test.ts'
const ssh = 'e2e/ssh.test.ts'
const steps = 'packages/config/src/cases/steps.test.ts'

/** Behaviours with a test of their own. */
export const elsewhere: Readonly<Record<number, Proof>> = {
  11: [ends, '11, 13, 14: cancel'],
  12: [ends, 'a job ends at its maximum run time'],
  13: [ends, '11, 13, 14: cancel'],
  14: [ends, '11, 13, 14: cancel'],
  15: ['packages/runner/test/lifecycle.test.ts', 'during provisioning ends the task without a place'],
  23: ['packages/runner/test/docker.test.ts', 'fails the job when an image cannot be had'],
  24: ['packages/config/src/cases/executors.test.ts', '160 docker and machine'],
  25: ['packages/runner/test/images.test.ts', 'for another architecture gives a warning'],
  26: ['packages/engine/test/lifecycle.test.ts', 'is rejected for an unknown resource class'],
  27: ['packages/runner/test/lifecycle.test.ts', 'a killed place is drained and the task ended'],
  28: ['e2e/behaviours/table.test.ts', '28: every step record'],
  29: ['packages/engine/src/decisions/job-status.test.ts', 'jobStatus'],
  30: [ends, '30, 80, 81, 173: reruns'],
  74: [ends, '73, 74, 147: a tag'],
  80: [ends, '30, 80, 81, 173: reruns'],
  88: ['packages/engine/test/lifecycle.test.ts', 'is unauthorized without its context'],
  138: ['packages/agent/test/checkout.test.ts', 'though the branch moved on'],
  140: ['packages/agent/test/checkout-ssh.test.ts', 'clones in full with git 2.41.0'],
  145: [ends, 'submodules are left to the job'],
  147: [ends, '73, 74, 147: a tag'],
  148: ['packages/agent/test/checkout-ssh.test.ts', 'a fork’s commit'],
  162: [ends, '12, 162: a job ends'],
  172: [steps, '182 a delay alone'],
  173: [ends, '30, 80, 81, 173: reruns'],
  310: [ssh, 'A.13 310, 312, 313'],
  311: [ssh, 'A.13 311'],
  312: [ssh, 'A.13 310, 312, 313'],
  313: [ssh, 'A.13 310, 312, 313'],
  314: ['packages/agent/test/ssh.test.ts', 'shows secrets as they are'],
  328: ['packages/agent/src/uplink/delivery.test.ts', 'sends the first bytes while the step runs'],
  329: ['e2e/survives-kill.test.ts', 'A.13 329'],
  330: ['packages/agent/src/uplink/delivery.test.ts', 'masks secrets, also those that come in pieces'],
}

/** Behaviours that another part of the product will carry, and which. */
export const later: Readonly<Record<number, string>> = {
  41: 'the macOS executor: login shells are its default',
  47: 'the Windows executor: PowerShell and cmd.exe',
  48: 'the Windows executor: exit codes of PowerShell',
  77: 'VCS providers: pull requests are known through their webhooks only',
  78: 'VCS providers: pull requests are known through their webhooks only',
  84: 'VCS providers: forks are known through pull requests only',
  150: 'VCS providers: who gives App-style projects their tokens; what is done with one: packages/agent/test/checkout-https.test.ts',
  315: 'the Windows executor: the client names its shell',
  158: 'VCS providers: forks are known through pull requests only',
}
