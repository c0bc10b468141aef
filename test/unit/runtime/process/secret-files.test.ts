import { ConfigError, loadConfig } from '../../../../services/runtime/config.ts'
import { keyFields } from '../../../../services/runtime/keys/key-settings.ts'
import { SecretFileWatch, withSecretFiles } from '../../../../services/runtime/process/environment/secret-files.ts'

const fileSystem = (files: Record<string, string>) => (path: string) => {
  const text = files[path]
  if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' })
  return text
}

describe('a secret in a file', () => {
  const read = fileSystem({
    '/s/key': 'a2V5\n',
    '/s/url': 'redis://:pw@host:1\r\n',
    '/s/empty': ' \n',
    '/s/word': 'pw',
  })

  it.each([
    ['SIGNALS_MASTER_KEY', '/s/key', 'a2V5'],
    ['SIGNALS_MASTER_KEY_PREVIOUS', '/s/key', 'a2V5'],
    ['SIGNALS_KEYS', '/s/key', 'a2V5'],
    ['KAFKA_SASL_PASSWORD', '/s/word', 'pw'],
    ['KAFKA_SSL_KEY', '/s/key', 'a2V5'],
    ['SCHEMA_REGISTRY_PASSWORD', '/s/word', 'pw'],
    ['TIKTOK_APP_SECRET', '/s/word', 'pw'],
    ['ADMIN_TOKEN', '/s/word', 'pw'],
    ['MY_SHOP_WEBHOOK_SECRET', '/s/word', 'pw'],
    ['REDIS_URL', '/s/url', 'redis://:pw@host:1'],
  ])('is the value of %s, without the line end', (name, path, value) => {
    expect(withSecretFiles({ [`${name}_FILE`]: path }, read)[name]).toBe(value)
  })

  it('is what a schema of settings gets', () => {
    const env = withSecretFiles({ SIGNALS_MASTER_KEY_FILE: '/s/key' }, read)
    expect(loadConfig(keyFields, env).SIGNALS_MASTER_KEY).toBe('a2V5')
  })

  it('is refused together with the setting itself, when unreadable and when empty, all in one error without a value', () => {
    const resolve = () =>
      withSecretFiles(
        {
          ADMIN_TOKEN: 'hunter2',
          ADMIN_TOKEN_FILE: '/s/word',
          INGEST_TOKEN_FILE: '/s/none',
          STATUS_TOKEN_FILE: '/s/empty',
        },
        read,
      )
    expect(resolve).toThrow(ConfigError)
    expect(resolve).toThrow('ADMIN_TOKEN and ADMIN_TOKEN_FILE are both set: keep one of them')
    expect(resolve).toThrow('INGEST_TOKEN_FILE: /s/none cannot be read: there is no such file')
    expect(resolve).toThrow('STATUS_TOKEN_FILE: /s/empty is empty: write the secret into it')
    expect(resolve).not.toThrow(/hunter2/)
  })

  it('counts as unset where its path is empty', () => {
    const env = { ADMIN_TOKEN: 'x', ADMIN_TOKEN_FILE: '' }
    expect(withSecretFiles(env, read)).toEqual(env)
  })

  it.each(['SSL_CERT_FILE', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'LOG_LEVEL_FILE', '_FILE'])(
    'is not what %s names: other programs read it',
    (variable) => {
      expect(withSecretFiles({ [variable]: '/s/none' }, read)).toEqual({ [variable]: '/s/none' })
    },
  )
})

describe('a secret file that changes', () => {
  const start = (files: Record<string, string>) => {
    const env = withSecretFiles({ ADMIN_TOKEN_FILE: '/s/a', INGEST_TOKEN_FILE: '/s/b' }, fileSystem(files))
    return new SecretFileWatch(env, fileSystem(files))
  }

  it('is reported once its new value has been the same for two polls', () => {
    const files = { '/s/a': 'one\n', '/s/b': 'two' }
    const watch = start(files)
    expect(watch.poll()).toEqual([])
    files['/s/a'] = 'thr'
    expect(watch.poll()).toEqual([])
    files['/s/a'] = 'three'
    expect(watch.poll()).toEqual([])
    expect(watch.poll()).toEqual(['ADMIN_TOKEN'])
  })

  it('is not reported while it is empty or away, nor when only its line end changed, nor after it changed back', () => {
    const files: Record<string, string> = { '/s/a': 'one', '/s/b': 'two' }
    const watch = start(files)
    for (const next of [
      { '/s/a': '' },
      { '/s/a': undefined },
      { '/s/a': 'one\n' },
      { '/s/a': 'x' },
      { '/s/a': 'one' },
    ]) {
      Object.assign(files, next)
      expect(watch.poll()).toEqual([])
    }
    expect(watch.poll()).toEqual([])
  })
})
