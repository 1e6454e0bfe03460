/**
 * `tutti/sim`: the same Group, driver and engine as in production on a network and a clock simulated from a seed, for
 * your own tests; and the checkers, which judge any trace, simulated or recorded from real processes.
 */
export { type Campaign, replayOf, runCampaign } from './campaign.js'
export { type Checker, checkers, checkTrace, type Violation } from './checkers/index.js'
export type { CutOptions, Impairment, Scope } from './conditions.js'
export { FAULT_KINDS, type Fault, type FaultKind } from './faults.js'
export { FIGURES, type Figures } from './figures.js'
export { ORDERS } from './order-mix.js'
export { SeededRandom } from './random.js'
export { type Run, runSchedule } from './run.js'
export { type Schedule, type ScheduleOptions, scheduleOf } from './schedule.js'
export { Simulation, type SimulationOptions } from './simulation.js'
export { type Payload, parseTrace, type TraceLine, traceText } from './trace.js'
