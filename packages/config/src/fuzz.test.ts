import { expect, test } from 'vitest'
import { runCampaign } from '../fuzz/campaign.ts'
import { seeds } from '../fuzz/seeds.ts'
import { noOrbs } from './compile.ts'
import { corpusConfigs, corpusOrbs, hasCorpus } from './testing/corpus.ts'

test.skipIf(!hasCorpus)('mutated real configs: an answer as the contract says, every time', async () => {
  const texts = corpusConfigs()
    .map((one) => one.text)
    .filter((text) => text.length < 8000)
  const outcome = await runCampaign({ seed: 1, from: 0, runs: 150, texts, orbs: corpusOrbs() })

  expect(outcome.findings).toEqual([])
  expect(outcome.codes.size).toBeGreaterThan(5)
})

test('mutated small configs: an answer as the contract says, every time', async () => {
  const outcome = await runCampaign({ seed: 1, from: 0, runs: 300, texts: seeds, orbs: noOrbs })

  expect(outcome.findings).toEqual([])
  expect(outcome.codes.size).toBeGreaterThan(5)
})
