// Gives links names and finds them again.
export function createShortener({ redis, names, prefix = 'link:' }) {
  return {
    async shorten(url) {
      const { protocol } = new URL(url)
      if (protocol !== 'https:' && protocol !== 'http:') throw new TypeError(`not a web address: ${url}`)
      const number = await redis.send('INCR', `${prefix}last`)
      const name = names[number - 1]
      if (!name) throw new RangeError('all names are taken')
      await redis.send('SET', prefix + name, url)
      return name
    },

    /** The link behind a name, or null. Counts the visit. */
    async visit(name) {
      const url = await redis.send('GET', prefix + name)
      if (url) await redis.send('INCR', `${prefix}visits:${name}`)
      return url
    },

    async visits(name) {
      return Number(await redis.send('GET', `${prefix}visits:${name}`))
    },
  }
}
