import { HEADLINE_API } from '../../dist/bench/settings.js'
import { runTutti } from '../../dist/bench/throughput.js'
import { version } from '../../dist/src/cli/version.js'

/** What the others are compared with. */
export class Tutti {
  name = 'tutti'
  packages = []
  orders = ['fifo', 'total']
  places = ['loopback', 'namespaces']
  isInstalled = true

  version() {
    return version
  }

  prepare() {}

  run(shape, order, periods, hosts) {
    return runTutti({ ...shape, trains: true }, { order, safe: false, api: HEADLINE_API }, periods, hosts)
  }
}
