import { noOrbs } from '../compile.ts'
import type { OrbResolver } from '../compile-types.ts'
import { referenceKind } from '../orbs/reference.ts'
import type { FetchText } from './fetch.ts'
import { folderOrbs } from './folder.ts'
import { urlOrbs } from './urls.ts'

export interface OrbSources {
  /** Folder of orb sources and packed orbs, as `folderOrbs` describes it. */
  directory?: string
  /** Addresses under which URL orbs may lie, each `https://…/`; none means that URL orbs are refused. */
  urlPrefixes?: readonly string[]
  /** How URL orbs are fetched. */
  fetch?: FetchText
}

/** The orbs of an installation: registry orbs from its folder, URL orbs from the addresses it allows. */
export function orbsFrom({ directory, urlPrefixes = [], fetch }: OrbSources): OrbResolver {
  const registry = directory === undefined ? noOrbs : folderOrbs(directory)
  const urls = urlOrbs(urlPrefixes, fetch)
  return {
    resolve: (reference) => (referenceKind(reference) === 'url' ? urls : registry).resolve(reference),
  }
}
