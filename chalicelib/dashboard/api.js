// The service, as this page asks it. The key lives in this tab's session storage and in one header, nowhere else.

const STORE = 'gpu-shopper-key'

/** An answer that was not the one asked for. `code` is the service's own word for it. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || `the service answered ${status}`)
    this.status = status
    this.code = body.code || 'unreachable'
    this.field = body.field || null
  }
}

let refused = () => {}

/** Be told when the key does not hold (any more). */
export const whenRefused = (callback) => { refused = callback }
export const key = () => sessionStorage.getItem(STORE)
export const keep = (text) => sessionStorage.setItem(STORE, text)
export const forget = () => sessionStorage.removeItem(STORE)

/** The answer of `path`, relative to the page's base. Throws Problem. */
export async function ask(method, path, { query = {}, body, headers = {}, known = key() } = {}) {
  const asked = new URL(path, document.baseURI)
  for (const [name, value] of Object.entries(query)) {
    if (value !== '' && value !== null && value !== undefined) asked.searchParams.set(name, value)
  }
  const sent = { Accept: 'application/json', ...headers }
  if (known) sent.Authorization = `Bearer ${known}`
  if (body !== undefined) sent['Content-Type'] = 'application/json'
  let answer
  try {
    answer = await fetch(asked, {
      method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body), credentials: 'omit', cache: 'no-store',
    })
  } catch {
    throw new Problem(0, { detail: 'The service cannot be reached.' })
  }
  const said = await answer.json().catch(() => ({}))
  // A service that is down says so in a health report, which is an answer like any other.
  if (answer.ok || (path === 'health' && said.checks)) return said
  if (answer.status === 401 && known === key()) refused()
  throw new Problem(answer.status, said)
}

export const get = (path, query) => ask('GET', path, { query })
export const segment = (text) => encodeURIComponent(text)
