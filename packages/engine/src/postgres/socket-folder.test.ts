import { describe, expect, it } from 'vitest'
import { socketFolder } from './socket-folder.ts'

describe('socketFolder', () => {
  it('is beside the data when its path fits into a socket address', () => {
    expect(socketFolder('/var/lib/orrery', '/tmp')).toBe('/var/lib/orrery/sock')
  })

  it('is a short folder of its own for each long data directory', () => {
    const long = `/home/${'x'.repeat(90)}`

    const folders = [socketFolder(`${long}/a`, '/tmp'), socketFolder(`${long}/b`, '/tmp')]

    expect(new Set(folders).size).toBe(2)
    for (const folder of folders) expect(`${folder}/.s.PGSQL.5432`.length).toBeLessThan(108)
    expect(socketFolder(`${long}/a`, '/tmp')).toBe(folders[0])
  })

  it('counts bytes, not characters', () => {
    const data = `/home/${'ö'.repeat(45)}`

    expect(socketFolder(data, '/tmp')).toMatch(/^\/tmp\/orrery-/)
  })
})
