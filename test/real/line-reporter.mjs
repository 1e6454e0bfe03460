/** Leaves the talking to the tests: says only how many held, and what kept any from being run. */
export default class LineReporter {
  onTestRunEnd(modules, errors) {
    const states = modules.flatMap(module => [...module.children.allTests()].map(test => test.result().state))
    const failed = states.filter(state => state === 'failed').length
    const held = states.filter(state => state === 'passed').length
    for (const error of [...errors, ...modules.flatMap(module => module.errors())])
      console.log(error.stack ?? error.message)
    console.log(`${held} of ${held + failed} held`)
  }
}
