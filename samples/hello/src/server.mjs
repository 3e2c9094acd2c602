import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { makeNames, readLock } from './names.mjs'
import { openRedis } from './redis.mjs'
import { createShortener } from './shortener.mjs'

export function createApp(shortener) {
  return createServer(async (request, response) => {
    if (request.method === 'POST') {
      let url = ''
      for await (const chunk of request) url += chunk
      try {
        const name = await shortener.shorten(url)
        response.writeHead(201).end(`http://${request.headers.host}/${name}\n`)
      } catch (error) {
        response.writeHead(400).end(`${error.message}\n`)
      }
      return
    }
    const url = await shortener.visit(request.url.slice(1))
    if (url) response.writeHead(302, { location: url }).end()
    else response.writeHead(404).end('no such link\n')
  })
}

if (process.argv[1] === import.meta.filename) {
  const names = makeNames(readLock(readFileSync(new URL('../names.lock', import.meta.url), 'utf8')))
  const shortener = createShortener({ redis: await openRedis(), names })
  createApp(shortener).listen(8080, () => console.log('http://localhost:8080'))
}
