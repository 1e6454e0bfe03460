import { playSmallGroups } from './seeds.js'

playSmallGroups()
