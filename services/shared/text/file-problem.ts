/** Words for why a file or folder cannot be used, in place of the system's codes. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; check its path',
  EISDIR: 'it is a folder; name a file in it',
  ENOTDIR: 'a part of its path is not a folder; check its path',
  EEXIST: 'there is a file of this name',
  EACCES: 'this account has no permission',
  EPERM: 'this account has no permission',
  EROFS: 'its disk is read-only',
  ENOSPC: 'its disk is full',
  EMFILE: 'this process has too many open files',
  ENAMETOOLONG: 'its name is too long',
}

/** @param error of the file system; undefined: it is none that a person can act on */
export const fileProblem = (error: unknown): string | undefined =>
  reasons[(error as NodeJS.ErrnoException | null)?.code ?? '']
