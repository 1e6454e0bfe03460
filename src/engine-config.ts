import type { EngineConfig } from './engine/config.js'
import type { CheckedOptions } from './options.js'
import type { Ports } from './ports.js'

/** What the engine is told of a member's options, and of the ports that it will speak through. */
export function engineConfigOf(options: CheckedOptions, { network, random }: Ports): EngineConfig {
  const { group, name, payloadChecksum, messageBytesMax, windowBytesMax } = options
  const { endpoint, packetBytes, receiveBufferBytes } = network
  return {
    group,
    name,
    endpoint,
    packetBytes,
    receiveBufferBytes,
    checkBodies: payloadChecksum,
    messageBytesMax,
    windowBytesMax,
    random: () => random.next(),
  }
}
