import type { JobSpec } from '@orrery/protocol'

/** Text of step 1, "Preparing environment variables" (spec: execution.md 2.4). Values still go through the masker. */
export function describeEnvironment(spec: JobSpec, vars: Record<string, string>): string {
  const secret = new Set<string>()
  const shown = new Set(['BASH_ENV', 'CIRCLE_INTERNAL_TASK_DATA', 'CIRCLE_SHELL_ENV'])
  for (const layer of spec.environment) {
    const isSecret = layer.source === 'project' || layer.source.startsWith('context:')
    for (const name of Object.keys(layer.vars)) (isSecret ? secret : shown).add(name)
  }
  const lines = ['Using build environment variables:']
  for (const name of [...shown].sort()) lines.push(`  ${name}=${vars[name] ?? ''}`)
  if (secret.size > 0) {
    lines.push('', 'Using environment variables from project settings and/or contexts:')
    for (const name of [...secret].sort()) lines.push(`  ${name}=**REDACTED**`)
    lines.push('', 'The values of redacted variables are masked in the output of the following steps.')
  }
  return `${lines.join('\n')}\n`
}
