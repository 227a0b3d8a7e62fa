// Is the service well, and if not, where?

import { byId, el, say } from './dom.js'
import { ago, words } from './format.js'

const LOOK = { ok: 'good', degraded: 'warn', down: 'bad' }

export function showHealth(report) {
  const { store, providers = {}, sweeps = {} } = report.checks
  const badge = byId('health-status')
  say(badge, report.status)
  badge.className = `tag ${LOOK[report.status] ?? ''}`
  say(byId('deployment'), report.deployment)
  byId('health-checks').replaceChildren(
    list([row('State store', store.status, '', store.status === 'ok' ? '' : 'it cannot be read')]),
    el('h3', {}, 'Markets'),
    list(Object.entries(providers).map(([name, check]) =>
      row(name, check.status, `listed ${ago(check.last_complete_list_at)}`, check.creates_allowed ? check.reason : `no new machines: ${check.reason}`))),
    el('h3', {}, 'Scheduled passes'),
    list(Object.entries(sweeps).map(([name, check]) => row(words(name), check.status, ago(check.last_completed_at)))),
  )
}

const list = (rows) => el('ul.checks', {}, ...rows)

function row(name, status, when, why = '') {
  const well = status === 'ok'
  const look = well ? 'dot' : status === 'unseen' ? 'dot unknown' : 'dot bad'
  return el('li', {},
    el('span.dot', { class: look }),
    el('span', {}, name, well ? el('span.unseen', {}, ': ok') : ` – ${status}`),
    el('span', {}, when),
    why ? el('span.why', {}, why) : null)
}
