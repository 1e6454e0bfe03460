import { openUdpNetwork } from '../src/node/udp-network.js'
import type { EchoSettings } from './settings.js'

const PACKET_BYTES = 132
/** Not counted: code that has not been compiled yet. */
const WARM_UP_SAMPLES = 500
/** A packet that is lost must not end the measurement. */
const LOST_MS = 100

/** One end of the echo over the bare port. */
async function main({ isAsking, samples, ...options }: EchoSettings): Promise<void> {
  const port = await openUdpNetwork(options)
  const packet = new Uint8Array(PACKET_BYTES)
  const ms: number[] = []
  let sentAtMs = 0
  const ask = () => {
    sentAtMs = performance.now()
    port.multicast(packet, 0, packet.length)
  }
  const hear = () => {
    ms.push(performance.now() - sentAtMs)
    if (ms.length < samples + WARM_UP_SAMPLES) return ask()
    clearInterval(lost)
    process.send!(ms.slice(WARM_UP_SAMPLES))
  }
  let lost: NodeJS.Timeout
  port.start({
    datagram: bytes => (isAsking ? hear() : port.multicast(bytes, 0, bytes.length)),
    failed: error => process.stderr.write(`echo: ${error.message}\n`),
    refused: () => {},
    overflowed: () => {},
  })
  process.on('message', () => {
    lost = setInterval(() => performance.now() - sentAtMs > LOST_MS && ask(), LOST_MS)
    ask()
  })
  process.on('disconnect', () => process.exit())
  process.send!('ready')
}

await main(JSON.parse(process.argv[2]))
