import { randomUUID } from 'node:crypto'
import type Docker from 'dockerode'
import { engineMessage, engineStatus, unlessGone } from './client.ts'
import type { NamespacePool, Workshop } from './engine.ts'
import { containerExit } from './exits.ts'
import { holderOptions } from './holder.ts'
import { foundNamespace, type Namespace, networkName } from './namespace.ts'
import { freeSubnets } from './network.ts'
import { labels } from './settings.ts'
import { addressIn } from './subnet.ts'
import { hasNoTraces } from './traces.ts'

type Bench = Omit<Workshop, 'namespaces'>

/** Addresses that a namespace has for containers beside its holder. */
const room = 12
/** Per slot: one for the task that runs, one for the task before it, whose containers are being removed. */
const perSlot = 2
/** Tasks after which a namespace is not used again: whatever the kernel collects in one has an end. */
const mostUses = 100

/**
 * Namespaces that are ready. To make one takes the engine longer than to start a container in it, and most of it is
 * its own global lock; a namespace whose containers are all gone is as good as new (decision 030), so it is used again.
 *
 * - `take`: a ready one, or one made now.
 * - `giveBack`: only when every container that joined it was removed. What the kernel keeps of its connections for a
 *   minute is waited for: until then nobody takes it.
 * - A holder that ends (somebody removed it, it was killed) takes its namespace out of the pool by itself.
 * - When the engine went away all are doubtful: those that are ready are looked at when it is back, those in use are not
 *   used again.
 */
export class Namespaces implements NamespacePool {
  readonly #engine: Bench
  #ready: Namespace[] = []
  readonly #uses = new Map<string, number>()
  readonly #dead = new Set<string>()
  #doubtful = new Set<string>()
  #making: Promise<void> | undefined
  #closed = false

  constructor(engine: Bench) {
    this.#engine = engine
  }

  /** Belongs to this process: a sweep leaves it alone. */
  owns(id: string): boolean {
    return this.#uses.has(id)
  }

  /** Makes namespaces in the background, one after the other: enough for every slot, at least one without traces. */
  prepare(): void {
    this.#making ??= this.#fill().finally(() => {
      this.#making = undefined
    })
  }

  async take(containers: number): Promise<Namespace> {
    if (containers <= room) {
      // One that is nearly finished is sooner there than one that is begun now.
      if (this.#ready.length === 0 && this.#making !== undefined) await this.#making
      const clean = await this.#takeClean()
      if (clean !== undefined) return clean
    }
    return await this.#make(containers)
  }

  async giveBack(namespace: Namespace): Promise<void> {
    const uses = (this.#uses.get(namespace.id) ?? mostUses) + 1
    const isGood = uses < mostUses && !this.#closed && this.#isGood(namespace)
    if (!isGood) return await this.discard(namespace)
    this.#uses.set(namespace.id, uses)
    this.#ready.push(namespace)
    const clean = await this.#clean()
    if (clean.size === 0) this.prepare()
    if (this.#ready.length <= this.#enough && clean.size > 0) return
    if (this.#ready.length <= 2 * this.#enough && clean.size === 0) return
    // The oldest that still has to wait, if there is one.
    const index = this.#ready.findIndex((one) => !clean.has(one))
    const [spare] = this.#ready.splice(Math.max(index, 0), 1)
    if (spare !== undefined) await this.discard(spare)
  }

  async discard(namespace: Namespace): Promise<void> {
    // Also when that fails: it is nobody's then, and a sweep takes it.
    this.forget(namespace)
    await removeNamespace(this.#engine.docker, namespace.network, namespace.holderId)
  }

  forget({ id }: Namespace): void {
    this.#uses.delete(id)
    this.#dead.delete(id)
    this.#doubtful.delete(id)
  }

  distrust(): void {
    this.#doubtful = new Set(this.#uses.keys())
  }

  async recover(): Promise<void> {
    for (const one of this.#ready.splice(0)) {
      if (await this.#lives(one)) {
        this.#doubtful.delete(one.id)
        this.#ready.push(one)
      } else await this.discard(one)
    }
    this.prepare()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#making
    // One that cannot be removed keeps nobody from stopping; it carries its label.
    await Promise.allSettled(this.#ready.splice(0).map((one) => this.discard(one)))
  }

  #isGood({ id }: Namespace): boolean {
    return !this.#dead.has(id) && !this.#doubtful.has(id)
  }

  async #lives({ holderId }: Namespace): Promise<boolean> {
    try {
      return (await this.#engine.docker.getContainer(holderId).inspect()).State.Running
    } catch (error) {
      if (engineStatus(error) === 404) return false
      throw error
    }
  }

  get #enough(): number {
    return perSlot * this.#engine.slots
  }

  /** Ready namespaces that the next task may have now. */
  async #clean(): Promise<Set<Namespace>> {
    const all = this.#ready.filter((one) => this.#isGood(one))
    const isClean = (one: Namespace) => this.#uses.get(one.id) === 0 || hasNoTraces(one.holderPid, one)
    const clean = await Promise.all(all.map(isClean))
    return new Set(all.filter((_, index) => clean[index]))
  }

  async #takeClean(): Promise<Namespace | undefined> {
    const clean = await this.#clean()
    // Others may have taken some while we looked.
    const index = this.#ready.findLastIndex((one) => clean.has(one))
    const [taken] = index === -1 ? [] : this.#ready.splice(index, 1)
    const bad = this.#ready.filter((one) => !this.#isGood(one))
    this.#ready = this.#ready.filter((one) => !bad.includes(one))
    // What cannot be removed now is not the job's trouble: a sweep takes it.
    await Promise.allSettled(bad.map((one) => this.discard(one)))
    return taken
  }

  async #fill(): Promise<void> {
    // Without room, or without an engine, jobs meet the same error and tell it.
    for (;;) {
      const isFull = this.#ready.length >= this.#enough && (await this.#clean()).size > 0
      if (this.#closed || isFull || this.#ready.length >= 2 * this.#enough) return
      const made = await this.#make(room).catch(() => undefined)
      if (made === undefined) return
      this.#ready.push(made)
    }
  }

  async #make(containers: number): Promise<Namespace> {
    const id = randomUUID()
    this.#uses.set(id, 0)
    try {
      const made = await makeNamespace(this.#engine, id, Math.max(room, containers))
      void containerExit(this.#engine.docker, made.holderId).then(() => {
        if (this.#uses.has(id)) this.#dead.add(id)
      })
      return made
    } catch (error) {
      await removeNamespace(this.#engine.docker, networkName(id), undefined).catch(() => undefined)
      this.#uses.delete(id)
      throw error
    }
  }
}

/** Containers first: a network that is in use stays. */
export async function removeNamespace(docker: Docker, network: string, holderId: string | undefined): Promise<void> {
  if (holderId !== undefined) await unlessGone(docker.getContainer(holderId).remove({ force: true, v: true }))
  await unlessGone(docker.getNetwork(network).remove())
}

async function makeNamespace(engine: Bench, id: string, hosts: number): Promise<Namespace> {
  const { docker, runnerId } = engine
  const name = networkName(id)
  const subnets = await freeSubnets(docker, engine.networkPool, hosts + 1, id)
  let subnet = ''
  for (let made = false; !made; ) {
    subnet = subnets()
    try {
      await docker.createNetwork({
        Name: name,
        Driver: 'bridge',
        IPAM: { Driver: 'default', Config: [{ Subnet: subnet }] },
        Labels: { [labels.runner]: runnerId, [labels.namespace]: id },
      })
      made = true
    } catch (error) {
      // Another runner took the same one in between: then the next.
      if (!/overlap/i.test(engineMessage(error))) throw error
    }
  }
  const holder = await docker.createContainer(await holderOptions(engine, id, name, addressIn(subnet, 0)))
  try {
    await holder.start()
    const { State } = await holder.inspect()
    return { ...foundNamespace(id, holder.id, subnet), holderPid: State.Pid }
  } catch (error) {
    await unlessGone(holder.remove({ force: true, v: true }))
    throw error
  }
}
