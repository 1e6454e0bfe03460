export { type Figures, runOneToOne, runW1, type WorkloadOptions, type WorkloadResult } from './w1.js'
export { type Failover, type FailoverOptions, type FailoverResult, runW4, type Spread } from './w4.js'
