import { type Answer, compileApart } from '../../packages/config/test/hostile/apart.ts'
import { hostileInputs } from '../../packages/config/test/hostile/inputs.ts'
import { type Figure, figure } from './figure.ts'

/** What a text may take before its diagnostic: the baselines of these figures. */
const bars = { wallMs: 2000, cpuMs: 2000, rssMb: 512 }
const shown = 10

/**
 * `hostile.*`: texts made to hurt, each compiled by a cold process of its own. The ten that take most of the processor,
 * and the ten that take most memory, held against what any may take.
 */
export async function hostileBench(): Promise<Figure[]> {
  const all: { name: string; answer: Answer }[] = []
  for (const { name } of Object.values(hostileInputs).flat()) {
    const answer = await compileApart(name)
    if (!answer) throw new Error(`no answer for ${name}`)
    all.push({ name, answer })
  }
  const most = (of: keyof typeof bars) => all.toSorted((a, b) => b.answer[of] - a.answer[of]).slice(0, shown)
  const tell = (of: keyof typeof bars, label: string, unit: string) => (one: (typeof all)[number]) =>
    figure(`hostile.${label} ${one.name}`, unit, [[one.answer[of], bars[of]]])
  return [
    ...most('cpuMs').flatMap((one) => [tell('cpuMs', 'cpu_ms', 'ms')(one), tell('wallMs', 'wall_ms', 'ms')(one)]),
    ...most('rssMb').map(tell('rssMb', 'rss_mb', 'MB')),
  ]
}
