// Throws garbage at a multicast address at full rate until it is told to stop: random bytes, and packets that are nearly
// right. argv: address, port, group tag. Prints how many it sent.
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'

const [, , address, port, groupTag] = process.argv
const socket = createSocket({ type: 'udp4', lookup: (name, _options, done) => done(null, name, 4) })
let sent = 0
let isStopping = false

/** A header with the right magic and group, and the rest as chance has it. */
function nearlyRight() {
  const packet = randomBytes(32 + Math.floor(Math.random() * 1368))
  packet.writeUInt16BE(0x7475, 0)
  packet[2] = Math.random() < 0.9 ? 1 : packet[2]
  packet[3] = 1 + Math.floor(Math.random() * 4)
  packet.writeUInt32BE(Number(groupTag), 4)
  if (Math.random() < 0.9) packet.writeUInt16BE(packet.length, 14)
  return packet
}

function blast() {
  if (isStopping) return socket.close()
  for (let i = 0; i < 64; i++) {
    socket.send(
      Math.random() < 0.5 ? randomBytes(1 + Math.floor(Math.random() * 1400)) : nearlyRight(),
      Number(port),
      address,
      () => sent++,
    )
  }
  setImmediate(blast)
}

process.on('message', () => {
  isStopping = true
  process.send(sent)
})
socket.bind(0, '127.0.0.1', () => {
  socket.setMulticastInterface('127.0.0.1')
  process.send('started')
  blast()
})
