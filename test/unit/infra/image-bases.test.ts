import { basesOf, unreachableBase } from '../../../infra/image/bases.ts'

const dockerfile = 'ARG NODE_IMAGE=node:24@sha256:1\nARG RUNTIME_IMAGE=gcr.io/cc:2\nARG VERSION=dev\nFROM x\n'

/** A docker that has `here` and answers a pull with this. */
const dockerWith = (here: readonly string[], stderr: string | null) => {
  const pulled: string[] = []
  const run = (...args: readonly string[]) => {
    const isHere = args[0] === 'image' && here.includes(args.at(-1) as string)
    if (args[0] === 'pull') pulled.push(args.at(-1) as string)
    return { code: isHere || (args[0] === 'pull' && stderr === null) ? 0 : 1, stdout: '', stderr: stderr ?? '' }
  }
  return { run, pulled }
}

describe('base images', () => {
  it("are the Dockerfile's, as the environment replaces them", () => {
    expect(basesOf(dockerfile, {})).toEqual(['node:24@sha256:1', 'gcr.io/cc:2'])
    expect(basesOf(dockerfile, { RUNTIME_IMAGE: 'mirror/cc:2' })).toEqual(['node:24@sha256:1', 'mirror/cc:2'])
  })

  it('that are here are not pulled', () => {
    const { run, pulled } = dockerWith(['node:24@sha256:1'], null)
    expect(unreachableBase(basesOf(dockerfile, {}), run)).toBeNull()
    expect(pulled).toEqual(['gcr.io/cc:2'])
  })

  it('that an engine without a way out cannot pull are a reason not to build, which says why', () => {
    const { run } = dockerWith([], 'Error response\nGet "https://gcr.io/v2/": dial tcp: lookup gcr.io: no such host')
    expect(unreachableBase(['gcr.io/cc:2'], run)).toBe(
      'gcr.io/cc:2 cannot be pulled: Get "https://gcr.io/v2/": dial tcp: lookup gcr.io: no such host',
    )
  })

  it('that the registry does not know are no such reason: the build fails', () => {
    const { run } = dockerWith([], 'Error response from daemon: manifest unknown')
    expect(unreachableBase(['gcr.io/cc:2'], run)).toBeNull()
  })
})
