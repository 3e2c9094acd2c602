import type { ProjectSettings } from '@orrery/protocol'
import { z } from 'zod'

/** Settings of a project as API v2 has them (api.md 2.4). What this installation cannot do is told as it is: off. */
export const ProjectAdvanced = z.object({
  advanced: z.object({
    autocancel_builds: z.boolean(),
    build_fork_prs: z.boolean(),
    build_prs_only: z.boolean(),
    disable_ssh: z.boolean(),
    forks_receive_secret_env_vars: z.boolean(),
    oss: z.boolean(),
    set_github_status: z.boolean(),
    setup_workflows: z.boolean(),
    write_settings_requires_admin: z.boolean(),
    pr_only_branch_overrides: z.array(z.string()),
  }),
})

/** Only what has an effect can be changed: a caller must not believe that something else did. */
export const AdvancedChanges = z
  .object({ advanced: z.object({ disable_ssh: z.boolean() }).partial().strict() })
  .strict()

export function advancedAnswer({ disableSsh }: ProjectSettings): z.infer<typeof ProjectAdvanced> {
  return {
    advanced: {
      autocancel_builds: false,
      build_fork_prs: false,
      build_prs_only: false,
      disable_ssh: disableSsh,
      forks_receive_secret_env_vars: false,
      oss: false,
      set_github_status: false,
      setup_workflows: true,
      write_settings_requires_admin: false,
      pr_only_branch_overrides: [],
    },
  }
}
