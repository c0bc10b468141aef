/** Loaded into every process of a pipeline: each logs in to Kafka by its own name, the commands and the supervisor as `operator`. */
const program = process.argv[1] ?? ''
const [name = 'operator'] =
  /\b(?:gateway|ingest|attribution|keywords|dispatch|control|console)\b(?=[^/]*$|\/main\.[jt]s$)/.exec(program) ?? []
process.env.KAFKA_SASL_USERNAME = name === 'console' ? 'control' : name
