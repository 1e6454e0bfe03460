export { type Figures, runOneToOne, runW1, type WorkloadOptions, type WorkloadResult } from './w1.js'
