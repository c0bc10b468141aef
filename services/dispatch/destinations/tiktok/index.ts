/** TikTok's parts for `config.ts`, `wiring.ts` and the commands about wire profiles. */
export { tiktokDestination } from './destination.ts'
export { callEncoder, partsOf } from './encoder.ts'
export type { Profile } from './profile.ts'
export { loadProfile } from './profiles.ts'
export { mostEventsPerCall, profileFields } from './settings.ts'
