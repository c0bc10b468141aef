/** Certificates of a test, made by openssl. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Writes PEM files to `dir`: two authorities (`ca`, `other-ca`), and certificates of `ca` for 127.0.0.1 with their keys: `broker`
 * (also as `broker.p12`), `client`, and `expired`.
 */
export const makeCertificates = (dir: string): void => {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' })
  const keyTo = (name: string) => ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-subj', `/CN=${name}`]
  for (const name of ['ca', 'other-ca']) openssl('req', '-x509', ...keyTo(name), '-days', '2', '-out', `${name}.pem`)
  writeFileSync(join(dir, 'san'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
  const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'san']
  for (const [name, days] of [
    ['broker', '2'],
    ['client', '2'],
    ['expired', '0'],
  ] as const) {
    openssl('req', ...keyTo(name), '-out', `${name}.csr`)
    openssl('x509', '-req', '-in', `${name}.csr`, ...signer, '-days', days, '-out', `${name}.pem`)
  }
  const keystore = ['-in', 'broker.pem', '-inkey', 'broker.key', '-out', 'broker.p12', '-passout', 'pass:secret']
  openssl('pkcs12', '-export', ...keystore)
}
