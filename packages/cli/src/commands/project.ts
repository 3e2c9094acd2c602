import { basename, resolve } from 'node:path'
import { OrreryError, type ProjectSettings, type ProjectView } from '@orrery/protocol'
import { type Command, Option } from 'commander'
import type { ApiClient } from '../client/api.ts'
import { type ConnectionFlags, connect, connectionOptions } from './connection.ts'

type ProjectFlags = ConnectionFlags & { name?: string }
type SettingsFlags = ConnectionFlags & { sshReruns?: 'allowed' | 'forbidden'; forkCaches?: 'own' | 'shared' }

export function addProjectCommand(program: Command): void {
  const project = program.command('project').description('Work with the projects of a server.')
  connectionOptions(
    project
      .command('add')
      .description('Register a repository: Orrery keeps a copy of its own to push to.')
      .argument('<path-or-url>', 'a git working tree or bare repository of this machine, or an https address')
      .option('--name <org/name>', 'name of the project (default: orrery/<folder>)'),
  )
    .addHelpText('after', '\nExample:\n  $ orrery project add . --name acme/shop')
    .action(addProject)
  connectionOptions(project.command('list').description('List the projects.'))
    .addHelpText('after', '\nExample:\n  $ orrery project list --json')
    .action(listProjects)
  connectionOptions(
    project
      .command('settings')
      .description('Show or change what a project allows.')
      .argument('<org/name>', 'name of the project')
      .addOption(
        new Option('--ssh-reruns <state>', 'may people rerun its jobs with SSH?').choices(['allowed', 'forbidden']),
      )
      .addOption(
        new Option('--fork-caches <state>', 'may builds of forks also read the project’s caches?').choices([
          'own',
          'shared',
        ]),
      ),
  )
    .addHelpText('after', '\nExample:\n  $ orrery project settings acme/shop --ssh-reruns forbidden')
    .action(changeSettings)
  connectionOptions(
    project
      .command('purge-layers')
      .description('Clear the Docker layers that were kept for a project: its next builds find none.')
      .argument('<org/name>', 'name of the project'),
  )
    .addHelpText('after', '\nExample:\n  $ orrery project purge-layers acme/shop')
    .action(purgeLayers)
}

async function addProject(from: string, flags: ProjectFlags): Promise<void> {
  const client = await connect(flags)
  const source = /^https:\/\//.test(from) ? from : resolve(from)
  const name =
    flags.name ??
    `orrery/${basename(source)
      .replace(/\.git$/, '')
      .replace(/[^A-Za-z0-9._-]/g, '-')}`
  const project = await client.addProject({ name, from: source })
  if (flags.json) process.stdout.write(`${JSON.stringify(project)}\n`)
  else
    process.stdout.write(
      `${project.slug} is registered, with the commits that are there now.\nA push of newer ones starts a pipeline:\n  git push ${project.gitUrl} HEAD\n`,
    )
}

async function listProjects(flags: ProjectFlags): Promise<void> {
  const projects = await (await connect(flags)).projects()
  if (flags.json) process.stdout.write(`${JSON.stringify(projects)}\n`)
  else if (projects.length === 0) process.stdout.write('No projects yet. Add one: orrery project add PATH\n')
  else for (const project of projects) process.stdout.write(`${project.slug}\t${project.gitUrl}\n`)
}

async function changeSettings(name: string, flags: SettingsFlags): Promise<void> {
  const client = await connect(flags)
  const { id } = await findProject(client, name)
  const settings = await client.projectSettings(id, {
    ...(flags.sshReruns && { disableSsh: flags.sshReruns === 'forbidden' }),
    ...(flags.forkCaches && { forksReadCaches: flags.forkCaches === 'shared' }),
  })
  process.stdout.write(flags.json ? `${JSON.stringify(settings)}\n` : settingsText(settings))
}

function settingsText({ disableSsh, forksReadCaches }: ProjectSettings): string {
  const ssh = disableSsh ? 'forbidden' : 'allowed'
  return `ssh-reruns\t${ssh}\nfork-caches\t${forksReadCaches ? 'shared' : 'own'}\n`
}

async function purgeLayers(name: string, flags: ConnectionFlags): Promise<void> {
  const client = await connect(flags)
  const { id, slug } = await findProject(client, name)
  await client.purgeLayers(id)
  process.stdout.write(flags.json ? '{}\n' : `The Docker layers of ${slug} are purged: its next builds find none.\n`)
}

/** By its slug, or without the leading `local/`. Throws ORY_NOT_FOUND. */
async function findProject(client: ApiClient, name: string): Promise<ProjectView> {
  const found = (await client.projects()).find(({ slug }) => slug === name || slug === `local/${name}`)
  if (found === undefined) throw new OrreryError('ORY_NOT_FOUND', [`Project ${name}`])
  return found
}
