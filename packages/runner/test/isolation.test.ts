import { once } from 'node:events'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { busybox, debian, docker, jobSpec, type Kit, startKit } from './kit.ts'

let kit: Kit
beforeAll(async () => {
  kit = await startKit()
  await kit.runner({ docker: { pool: 1 } })
})
afterAll(() => kit.close())

async function run(images: Parameters<typeof jobSpec>[0], command: string): Promise<string> {
  const task = kit.server.enqueue(jobSpec(images, [command]))
  await kit.server.until(() => kit.server.outcome(task) !== undefined)
  await kit.gone(task.spec.taskId)
  return kit.server.log(task, 101)
}

/** A job that runs beside the others, with what it listens on; ends by `stop`. */
async function neighbour(images: Parameters<typeof jobSpec>[0], command: string) {
  const task = kit.server.enqueue(jobSpec(images, [`${command}; exec sleep 600`]))
  await kit.server.until(() => kit.server.log(task, 101).includes('up'))
  const text = kit.server.log(task, 101)
  return {
    address: /inet (?<address>10\.231\.[\d.]+)/.exec(text)?.groups?.['address'] ?? '',
    async stop() {
      kit.server.cancel(task)
      await kit.gone(task.spec.taskId)
    },
  }
}
const listen = 'nc -ll -p 7300 -e echo secret >/dev/null 2>&1 & ip -4 addr show eth0; echo up'

describe('a hostile job', () => {
  it('cannot reach another job, neither its primary container nor its services', async () => {
    const service = { name: 'db', command: ['nc', '-ll', '-p', '7300', '-e', 'echo', 'secret'] }
    const victim = await neighbour([busybox, service], `${listen}; until nc db 7300; do sleep 0.1; done`)
    const next = victim.address.replace(/\d+$/, (last) => String(Number(last) + 1))

    const text = await run(
      [busybox],
      [victim.address, next].map((host) => `timeout 3 nc ${host} 7300; echo ${host} $?`).join('; '),
    )
    await victim.stop()

    expect(victim.address).not.toBe('')
    expect(text).not.toContain('secret')
    expect(text).toMatch(/^10\.\S+ [1-9]\d*$/m)
  })

  it('cannot spoof its way to another job: they do not share a network', async () => {
    const victim = await neighbour([busybox], listen)
    const other = await neighbour([busybox], listen)
    await Promise.all([victim.stop(), other.stop()])

    const net = (address: string) => address.split('.').slice(0, 3).join('.') + (Number(address.split('.')[3]) >> 4)
    expect(net(victim.address)).not.toBe(net(other.address))
  })

  it('cannot reach the host or the metadata service, but its own services', async () => {
    const server = createServer((socket) => socket.end('host-secret\n')).listen(0, '0.0.0.0')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const own = Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).filter((one) => one.family === 'IPv4'),
    )
    const hosts = own.map(({ address }) => address).filter((address) => !address.startsWith('127.'))
    const tries = [
      ...hosts.map((host) => `timeout 3 nc ${host} ${port}; echo host $?`),
      `gw=$(ip route | sed -n 's/default via \\([0-9.]*\\).*/\\1/p'); timeout 3 nc $gw ${port}; echo gateway $?`,
      'wget -q -T 3 -O - http://169.254.169.254/latest/meta-data/ 2>&1; echo metadata $?',
      'wget -q -T 3 -O - "http://[fd00:ec2::254]/latest/meta-data/" 2>&1; echo metadata6 $?',
    ]

    const text = await run([busybox], tries.join('\n'))
    server.close()

    expect(text).not.toContain('host-secret')
    expect(text.match(/^(host|gateway|metadata6?) [1-9]\d*$/gm)).toHaveLength(hosts.length + 3)
    expect(text).toMatch(/refused|unreachable/i)
  })

  it('114: can have user namespaces as any user, but no mounts', async () => {
    const text = await run(
      [{ image: debian, user: 'nobody' }],
      'unshare -U true && echo unshared; unshare -Ur id -u; mount -t tmpfs none /mnt 2>&1; echo mount $?',
    )
    const root = await run(
      [debian],
      'mount -t tmpfs none /mnt 2>&1; echo mount $?; unshare -Urm mount -t tmpfs none /mnt; echo inner $?',
    )

    expect(text).toMatch(/^unshared\n0\n/)
    expect(text).toMatch(/mount [1-9]/)
    expect(root).toMatch(/mount [1-9]/)
    expect(root).toMatch(/inner [1-9]/)
  })

  it('has no capability over the network, devices, time, modules or other processes’ memory', async () => {
    const tries = [
      'ip link add d type dummy 2>&1; echo link $?',
      'ip route add blackhole 1.2.3.4 2>&1; echo route $?',
      'iptables -L 2>&1; echo iptables $?',
      'mknod /tmp/d b 254 0 2>&1; echo mknod $?',
      'date -s 2020-01-01 2>&1; echo date $?',
      'hostname x 2>&1; echo hostname $?',
      'chroot / true; echo chroot $?',
      'swapon /dev/null 2>&1; echo swapon $?',
      'dmesg 2>&1; echo dmesg $?',
    ]
    const text = await run([debian], tries.join('\n'))

    for (const name of ['mknod', 'date', 'hostname', 'swapon']) expect(text).toMatch(new RegExp(`^${name} [1-9]`, 'm'))
    expect(text).toMatch(/^chroot 0$/m)
    expect(
      await run(
        [busybox],
        'ip link add d type dummy 2>&1; echo link $?; ip route add 1.2.3.4/32 dev lo 2>&1; echo route $?',
      ),
    ).toMatch(/link [1-9][\s\S]*route [1-9]/)
  })

  it('cannot fork without end', async () => {
    const task = kit.server.enqueue(jobSpec([busybox], ['echo up; exec sleep 600']))
    await kit.server.until(() => kit.server.log(task, 101).includes('up'))
    const filters = { label: [`orrery.namespace`] }
    const list = await docker.listContainers({ filters })
    const limits = await Promise.all(
      list.map(async ({ Id }) => (await docker.getContainer(Id).inspect()).HostConfig.PidsLimit ?? 0),
    )
    kit.server.cancel(task)
    await kit.gone(task.spec.taskId)

    expect(limits.length).toBeGreaterThan(0)
    for (const limit of limits) expect(limit).toBeGreaterThan(0)
  })

  it('leaves nothing in a network namespace that the next job gets', async () => {
    const text = await run(
      [busybox],
      'hostname; echo 6.6.6.6 evil >> /etc/hosts; echo nameserver 6.6.6.6 > /etc/resolv.conf; echo evil > /etc/hostname; echo evil > /dev/shm/evil',
    )
    const seen: string[] = []
    for (let job = 0; job < 3; job += 1)
      seen.push(await run([busybox], 'hostname; cat /etc/hosts /etc/resolv.conf /etc/hostname; ls /dev/shm'))

    // The same namespace came back at least once, or this shows nothing.
    expect(seen.some((one) => one.startsWith(text.split('\n')[0] ?? 'none'))).toBe(true)
    for (const one of seen) expect(one).not.toMatch(/evil|6\.6\.6\.6/)
  })

  it('leaves no connection behind that the kernel keeps: neither whom it talked to nor a port in use', async () => {
    const talk =
      'nc -ll -p 7399 -e true >/dev/null 2>&1 & n=0; until nc localhost 7399; do n=$((n+1)); [ $n -gt 50 ] && exit 9; done'

    const before = await run([busybox], `${talk}; cat /proc/net/tcp`)
    const seen: string[] = []
    for (let job = 0; job < 4; job += 1) seen.push(await run([busybox], 'cat /proc/net/tcp /proc/net/tcp6'))

    // Port 7399; without such a line in the first job this shows nothing.
    expect(before).toMatch(/:1CE7.* 06 /)
    for (const one of seen) expect(one).not.toContain(':1CE7')
  })

  it('has a way to the server for its own task only', async () => {
    const victim = kit.server.enqueue(jobSpec([busybox], ['echo up; exec sleep 600']))
    await kit.server.until(() => kit.server.log(victim, 101).includes('up'))
    const { taskId } = victim.spec
    const paths = [
      `/../${taskId}/logs/101/0?offset=3`,
      `/%2e%2e/${taskId}/logs/101/0?offset=3`,
      `/..%2f${taskId}/logs/101/0?offset=3`,
      `//127.0.0.1/api/agent/v1/tasks/${taskId}/logs/101/0?offset=3`,
      `/logs/../../${taskId}/logs/101/0?offset=3`,
      `http://x/api/agent/v1/tasks/${taskId}/logs/101/0?offset=3`,
    ]
    const put = (path: string) =>
      `curl -sS -o /dev/null -w '%{http_code}\\n' --path-as-is --unix-socket /orrery-task/gateway.sock -X PUT -d evil 'http://x' --request-target '${path}'`

    const text = await run([debian], paths.map(put).join('\n'))
    const own = kit.server.log(victim, 101)
    kit.server.cancel(victim)
    await kit.gone(taskId)

    expect(text).toBe('400\n'.repeat(paths.length))
    expect(own).toBe('up\n')
  })

  it('finds no other job’s socket, and its services not even its own', async () => {
    const victim = await neighbour([busybox], 'echo up')
    const look = "find / -xdev -name '*.sock' 2>/dev/null; ls /orrery-task | wc -l"
    const service = {
      command: ['sh', '-c', `${look.replace('ls /orrery-task | wc -l', 'ls -d /orrery-task')}; sleep 600`],
    }
    const task = kit.server.enqueue(jobSpec([busybox, service], [`${look}; ls -a /orrery-task/..`, 'sleep 600']))
    await kit.server.until(
      () => kit.server.log(task, 2).includes('No such') && kit.server.log(task, 101).includes('etc'),
    )
    kit.server.cancel(task)
    await kit.gone(task.spec.taskId)
    await victim.stop()

    expect(kit.server.log(task, 2)).toMatch(/^ls: \/orrery-task: No such file/)
    // Its own is on a mount of its own.
    expect(kit.server.log(task, 101)).toMatch(/^[1-9]\n/)
    expect(kit.server.log(task, 101)).not.toMatch(/claim\.json|tasks/)
  })
})
