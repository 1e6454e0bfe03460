import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^tutti$/, replacement: at('./src/index.ts') },
      { find: /^tutti\/sim$/, replacement: at('./src/sim/index.ts') },
      { find: /^tutti\/bench$/, replacement: at('./bench/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    maxWorkers: 2,
    // Modules are loaded, and compiled, once a worker and not once a file: that is more than half of all time.
    isolate: false,
    testTimeout: 120_000,
  },
})
