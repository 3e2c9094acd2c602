import { z } from 'zod'

const command = z.string().trim().min(1, 'is empty')
const glob = z.string().min(1)
const rule = z.strictObject({
  'test-atom': z.string().min(1),
  include: z.union([z.literal(true), glob, z.array(glob).max(100, 'has more than 100 globs')]),
})
/** Placeholders by the key that may hold them (spec: execution.md 16.1). */
const placeholders: Record<'discover' | 'run' | 'file-mapper' | 'analysis', readonly string[]> = {
  discover: [],
  run: ['test.atoms', 'outputs.junit'],
  'file-mapper': ['test.atoms', 'outputs.go-list-json', 'outputs.circleci-list'],
  analysis: ['test.atoms', 'outputs.lcov', 'outputs.go-coverage', 'outputs.circleci-coverage', 'outputs.junit'],
}

function commandOf(key: keyof typeof placeholders) {
  return command.superRefine((text, context) => {
    for (const [, name = ''] of text.matchAll(/<<\s*((?:test|outputs)\.[\w-]+)\s*>>/g)) {
      if (placeholders[key].includes(name)) continue
      const known = placeholders[key].map((one) => `<< ${one} >>`).join(', ') || 'none'
      context.addIssue({ code: 'custom', message: `cannot hold << ${name} >>; known here: ${known}` })
    }
  })
}

/** One document of `.circleci/test-suites.yml` (spec: execution.md 16.1). */
export const TestSuite = z.strictObject({
  name: z.string().min(1, 'is empty'),
  discover: commandOf('discover'),
  run: commandOf('run'),
  'file-mapper': commandOf('file-mapper').optional(),
  analysis: commandOf('analysis').optional(),
  outputs: z.strictObject({ junit: z.string().min(1, 'is empty').optional() }).default({}),
  options: z
    .strictObject({
      'test-impact-analysis': z.boolean().default(false),
      'test-analysis-duration': z.number().int().min(1).max(300, 'is more than 300 minutes').optional(),
      'impact-key': z.string().min(1).max(200, 'has more than 200 characters').optional(),
      'dynamic-test-splitting': z.boolean().default(false),
      'full-test-run-paths': z.array(glob).optional(),
      'test-selection-rules': z.array(rule).optional(),
      'max-auto-rerun': z.number().int('is no whole number').min(0, 'is below 0').max(10, 'is more than 10').default(0),
      'auto-rerun-duration': z
        .string()
        .regex(
          /^(?:[1-9]\d{0,5}[smh]|(?:[1-9]\d?|100)%)$/,
          'must be a duration such as 5m or 1h, or a part such as 20%',
        )
        .optional(),
    })
    .prefault({}),
})
export type TestSuite = z.infer<typeof TestSuite>
