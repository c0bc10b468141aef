/** Parts of the environment that child processes may see: no child gets the whole. */

const forEveryProcess = /^(?:PATH|HOME|USER|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|LD_LIBRARY_PATH|SSL_CERT_(?:FILE|DIR))$/
const forJava = /^(?:JAVA_\w+|JDK_\w+)$/

/** What every process needs to run, and what else is wanted. */
export const pickEnvironment = (env: NodeJS.ProcessEnv, alsoWanted: (name: string) => boolean): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => forEveryProcess.test(name) || alsoWanted(name)))

/** Of Kafka, the registry and Redis: no setting and no secret of the pipeline. */
export const partEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  pickEnvironment(env, (name) => forJava.test(name))
