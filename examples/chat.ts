// A chat between terminals on a network. Node 22.18 or later runs it as it is: node examples/chat.ts alice
import { createInterface } from 'node:readline/promises'
import { join } from 'tutti'

const group = await join('chat', { name: process.argv[2] })
const names = (members: readonly { name: string }[]) => members.map(member => member.name).join(', ')

group.on('view', (view, { joined, left }) => {
  if (joined.length > 0) console.log(`+ ${names(joined)} (here: ${names(view.members)})`)
  if (left.length > 0) console.log(`- ${names(left)}`)
})
group.on('message', message => console.log(`${message.from.name}: ${message.text()}`))
group.on('error', error => console.error(error.message))

const lines = createInterface({ input: process.stdin })
process.once('SIGINT', () => lines.close())
try {
  for await (const line of lines) await group.send(line)
} finally {
  await group.leave()
}
