// Generates src/wire/generated/ from proto/*.proto: static protobuf.js code and its types. Not committed.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'

const pbjs = createRequire(import.meta.url).resolve('protobufjs-cli/bin/pbjs')
mkdirSync('src/wire/generated', { recursive: true })
execFileSync(process.execPath, [
  pbjs,
  ...['-t', 'static-module', '-w', 'es6', '-d'],
  ...['--no-verify', '--no-convert', '--no-delimited', '--no-typeurl', '--no-service'],
  ...['-o', 'src/wire/generated/control.js', 'proto/control.proto'],
])
