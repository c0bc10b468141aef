/** The authorisation failed. The message names cause and remedy, and contains no code, token or state. */
export class AuthorisationFailed extends Error {
  override readonly name = 'AuthorisationFailed'
}
