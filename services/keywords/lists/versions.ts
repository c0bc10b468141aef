/** Every version of every keyword list. */
import type { KeywordListRecord } from '../../shared/model/keyword-list.ts'
import { VersionArchive } from '../versions/version-archive.ts'

export class KeywordArchive extends VersionArchive<KeywordListRecord> {
  constructor(records: Iterable<KeywordListRecord> = []) {
    super(({ listId }) => listId, records)
  }
}
