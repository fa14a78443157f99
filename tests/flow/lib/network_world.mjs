/* A world of its own for tests of the network, so that nothing leaves the machine and nothing real is touched.
 *
 * enterWorld() runs the calling test file again inside a fresh net namespace ("here"), whose only way out is a cable to a
 * second one ("there"). There, one process owns every address that exists: whatever address a connection goes to, a
 * private one or a metadata service included, it is accepted and written down. So a test can say that a target was
 * not reached because it would have been seen.
 *
 * Addresses here: 127.0.0.1, ::1, HERE (a public-looking one of the host itself). THERE is the other end. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const HERE = '11.22.33.1'
export const THERE = '11.22.33.44'
export const THERE6 = '2a0b:cafe::44'
export const PROXY_CREDENTIALS = { username: 'agent', password: 'pass word:1' }

const INSIDE = 'REPLINET_TEST_WORLD'

/* Call first, at the top level of a test file. Returns inside the world only. */
export function enterWorld(fileUrl) {
    if (process.env[INSIDE]) return
    const inside = spawnSync('unshare', ['--net', process.execPath, ...process.execArgv, fileURLToPath(fileUrl)], {
        stdio: 'inherit',
        env: { ...process.env, [INSIDE]: '1' },
    })
    process.exit(inside.status ?? 1)
}

function run(command) {
    const done = spawnSync('sh', ['-ec', command], { encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`${command}: ${done.stderr}`)
}

/* Starts "there" and plugs the cable in. */
export async function startWorld() {
    run('ip link set lo up')
    const server = fileURLToPath(new URL('./network_world_there.mjs', import.meta.url))
    const child = spawn('unshare', ['--net', '--kill-child', process.execPath, server], {
        stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    })
    await once(child, 'message') // it is in its namespace
    const there = `nsenter --net=/proc/${child.pid}/ns/net`
    run(`ip link add cable0 type veth peer name cable1 netns ${child.pid}
        ip addr add ${HERE}/24 dev cable0; ip addr add 2a0b:cafe::1/64 dev cable0 nodad; ip link set cable0 up
        ${there} sh -ec 'ip link set lo up; ip link set cable1 up
            ip addr add ${THERE}/24 dev cable1
            ip addr add ${THERE6}/64 dev cable1 nodad
            ip route add local 0.0.0.0/0 dev lo table main; ip -6 route add local ::/0 dev lo table main
            for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done'
        ip route add default via ${THERE}; ip -6 route add default via ${THERE6}`)
    return new World(child)
}

class World {
    constructor(child) {
        this.child = child
        this.serial = 0
        this.pending = new Map()
        child.on('message', ({ serial, result }) => this.pending.get(serial)?.(result))
    }

    ask(what) {
        const serial = ++this.serial
        return new Promise((resolve) => {
            this.pending.set(serial, resolve)
            this.child.send({ serial, ...what })
        })
    }

    listen() {
        return this.ask({ op: 'listen' })
    }

    /* Everything that came since the last call: {kind: tcp|http|proxy|udp, address, port, ...}. */
    async seen() {
        await new Promise((resolve) => setTimeout(resolve, 30)) // a connection in flight arrives
        return this.ask({ op: 'seen' })
    }

    async forget() {
        await this.seen()
    }

    async stop() {
        this.child.disconnect()
        await once(this.child, 'exit')
    }
}
