// The console: unlock it, then keep every panel fresh at its own pace while somebody looks.

import { showAlerts } from './alerts.js'
import { ask, forget, get, keep, key, whenRefused } from './api.js'
import { startCosts } from './costs.js'
import { byId, el, say } from './dom.js'
import { dollars, whole } from './format.js'
import { showHealth } from './health.js'
import { startOffers } from './offers.js'
import { startRent } from './rent.js'
import { startSessions } from './sessions.js'

const timers = []

/** Ask again and again, but not while nobody looks, and never twice at once. Returns a function that asks at once. */
function every(seconds, work) {
  let busy = false
  const turn = async () => {
    if (busy || document.hidden || !key()) return
    busy = true
    try {
      await work()
      trouble(work, null)
    } catch (problem) {
      if (problem.status !== 401) trouble(work, problem)
    } finally {
      busy = false
    }
  }
  timers.push(setInterval(turn, seconds * 1000))
  document.addEventListener('visibilitychange', turn)
  return turn()
}

const ailing = new Map()
let heard = Date.now()

/** What cannot be read now is told once, and until it can be read again: what is shown meanwhile is old. */
function trouble(work, problem) {
  if (problem) ailing.set(work, problem.message)
  else {
    ailing.delete(work)
    heard = Date.now()
  }
  const [message] = ailing.values()
  say(byId('offline'), message ? `${message} What is shown is from ${new Date(heard).toLocaleTimeString()}.` : '')
  byId('offline').hidden = !message
}

async function unlock(text) {
  const me = await ask('GET', 'me', { known: text })
  keep(text)
  const description = await get('openapi.json')
  document.body.classList.remove('locked')
  say(byId('who'), [...new Set([me.consumer.id, me.consumer.role])].join(' · '))
  start(me, description.paths)
  byId('main').focus({ preventScroll: true })
}

function start(me, paths) {
  const sessions = startSessions(me, summarise)
  const rent = startRent(me, sessions.refresh)
  const offers = startOffers(rent.open)
  every(3, sessions.refresh)
  every(60, sessions.refreshEnded)
  every(45, offers.refresh)
  every(15, async () => showHealth(await get('health')))
  every(20, async () => showAlerts((await get('alerts', { limit: 5 })).alerts))
  setInterval(sessions.tick, 1000)
  if (paths['/costs']) {
    byId('costs-link').hidden = false
    every(30, startCosts(me, paths).refresh)
  }

  function summarise(live) {
    const sum = (of) => live.reduce((total, session) => total + of(session), 0)
    const burning = live.filter((session) => session.provider_instance_id)
    const { max_sessions: most, max_price_per_hour: limit } = me.consumer
    const mine = live.filter((session) => session.consumer === me.consumer.id)
    byId('summary').replaceChildren(
      figure('Live sessions', live.length),
      figure('Burning', dollars(burning.reduce((total, each) => total + each.price_per_hour, 0)), 'an hour'),
      figure('Cost of these', dollars(sum((each) => each.cost.accrued)), 'so far'),
      figure('Held on top', dollars(sum((each) => each.cost.reserved)), 'at most'),
      figure('Your quota', `${mine.length} of ${most}`, `up to ${whole(limit)}/h`),
    )
  }
}

const figure = (name, value, unit = '') => el('div', {}, el('dt', {}, name), el('dd', {}, `${value} `, el('small', {}, unit)))

/** Everything that was shown goes with the key: a fresh page knows nothing. */
function lock() {
  forget()
  timers.forEach(clearInterval)
  location.reload()
}

whenRefused(() => {
  if (!document.body.classList.contains('locked')) lock()
})
byId('lock').addEventListener('click', lock)
byId('unlock-form').addEventListener('submit', async (event) => {
  event.preventDefault()
  const [button, input] = [event.target.querySelector('button'), byId('key')]
  button.disabled = true
  say(byId('unlock-error'), '')
  try {
    await unlock(input.value.trim())
    input.value = ''
  } catch (problem) {
    say(byId('unlock-error'), problem.status === 401 ? 'This key is not valid here.' : problem.message)
    input.focus()
  }
  button.disabled = false
})
if (key()) unlock(key()).catch((problem) => (problem.status === 401 ? forget() : say(byId('unlock-error'), problem.message)))
