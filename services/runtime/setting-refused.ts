import { DependencyError } from './ports.ts'

/**
 * The cluster does not take a setting of a topic: managed clusters have limits of their own. `createTopics` and `alterConfig` of the
 * broker throw it; of several topics in one call, those that the cluster takes exist then.
 */
export class SettingRefused extends DependencyError {}
