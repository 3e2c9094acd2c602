/**
 * Why an archive was not (wholly) unpacked. `damaged`: not one of ours or cut; `refused`: it asks for something that
 * no archive may do, such as writing outside its target; `too_large`: past a limit.
 */
export type ArchiveFault = 'damaged' | 'refused' | 'too_large'

export class ArchiveError extends Error {
  readonly fault: ArchiveFault

  constructor(fault: ArchiveFault, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.name = 'ArchiveError'
    this.fault = fault
  }
}
