import type { Engine, Project } from '@orrery/engine'
import { OrreryError } from '@orrery/protocol'
import { z } from 'zod'
import { checkSlug } from './git/slug.ts'
import { makeRepository } from './vcs/local/repositories.ts'

export interface NewProject {
  /** `local/<org>/<project>` */
  slug: string
  /** Default: the last part of the slug. */
  name?: string
  /** Absolute path or https address to copy branches and tags from; starts no pipelines. */
  from?: string
}

const Name = z.string().min(1).max(100)

/** Creates a project with a repository of its own. ORY_PROJECT_EXISTS when the slug is taken. */
export async function registerProject(engine: Engine, gitRoot: string, request: NewProject): Promise<Project> {
  const slug = checkSlug(request.slug)
  const name = Name.parse(request.name ?? slug.slice(slug.lastIndexOf('/') + 1))
  if (await engine.projectBySlug(slug)) throw new OrreryError('ORY_PROJECT_EXISTS', [slug])
  const defaultBranch = await makeRepository(gitRoot, slug, request.from)
  return engine.createProject({ slug, name, defaultBranch })
}
