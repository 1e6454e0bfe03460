// tsc does not copy the generated JavaScript that src/wire/ imports; put it where the compiled code looks for it.
import { chmodSync, cpSync } from 'node:fs'

cpSync('src/wire/generated', 'dist/src/wire/generated', { recursive: true })
chmodSync('dist/src/cli/main.js', 0o755)
