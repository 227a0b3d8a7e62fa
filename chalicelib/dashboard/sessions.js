// What is rented now, ticking, and what can be done about it; and what has ended, with the proof.

import { ask, get, segment } from './api.js'
import { announce, byId, el, keyed, say } from './dom.js'
import { showEnded } from './ended.js'
import { clock, fine, span, words } from './format.js'
import { question } from './rent.js'

const PATHS = { control_plane: 'this service', node_agent: 'the agent on it', provider: 'the market itself' }
const FINAL = ['terminated', 'failed']

export function startSessions(me, summarise) {
  const list = byId('live-list')
  const operator = me.consumer.role === 'operator'
  let live = new Map()
  let heard = 0

  async function refresh() {
    const found = await all({ status: 'active' })
    const before = live
    live = new Map(found.map((session) => [session.id, session]))
    heard = Date.now()
    for (const session of found) {
      const was = before.get(session.id)
      if (was && was.status !== session.status) announce(`${session.gpu} is ${session.status}.`)
    }
    const gone = [...before.keys()].some((id) => !live.has(id))
    say(byId('live-count'), found.length || '')
    byId('live-empty').hidden = found.length > 0
    const within = list.contains(document.activeElement)
    keyed(list, found, (session) => session.id, make, update)
    if (within && !list.contains(document.activeElement)) byId('live-title').focus() // what had the focus is gone
    tick()
    summarise(found)
    if (gone) await refreshEnded()
  }

  async function refreshEnded() {
    const page = await get('sessions', { limit: 100 })
    showEnded(page.sessions.filter((session) => FINAL.includes(session.status)), operator)
  }

  /** Between two answers: time goes by, and money with it. */
  function tick() {
    for (const node of list.children) {
      const session = live.get(node.dataset.key)
      if (!session) continue
      const burning = session.provider_instance_id && session.cost.accrued > 0
      const since = (Date.now() - heard) / 3.6e6
      say(node.querySelector('.accrued'), fine(session.cost.accrued + (burning ? session.price_per_hour * since : 0)))
      say(node.querySelector('.left'), session.status === 'terminating' ? 'ending now' : span(new Date(session.expires_at) - Date.now()))
      say(node.querySelector('.lease'), session.lease_expires_at ? span(new Date(session.lease_expires_at) - Date.now()) : '')
      say(node.querySelector('.since'), `${words(session.status)} · ${span(Date.now() - new Date(session.state_entered_at))}`)
    }
  }

  function make(session) {
    const fact = (name, mark) => el('div', {}, el('dt', {}, name), el(`dd.${mark}`))
    const command = el('code.command', { tabindex: 0, role: 'group', 'aria-label': 'SSH command' })
    return el('li.session', {},
      el('header', {}, el('strong', {}, `${session.gpu_count > 1 ? `${session.gpu_count}× ` : ''}${session.gpu}`), el('span.tag.since'),
        session.offer.spot ? el('span.tag.warn', {}, 'spot') : null,
        el('span.soft', {}, `${session.provider}${operator ? ` · ${session.consumer}` : ''}`), el('code.id', {}, session.id)),
      el('p.reason.soft'),
      el('dl', {}, fact('Time left', 'left'), fact('Lease ends in', 'lease'), fact('Cost so far', 'accrued'), fact('Per hour', 'rate'), fact('Held on top', 'held'),
        el('div', {}, el('dt', {}, 'GPU in use'), el('dd', {}, el('span.util'), el('meter', { min: 0, max: 100, hidden: true, 'aria-label': 'GPU utilisation' })))),
      el('p.note', { hidden: true }),
      el('div.more', {},
        el('p.paths', {}, el('span.soft', {}, 'Ended in time by'), ...Object.keys(PATHS).map((name) => el(`span.path.${name}`))),
        history(session.id)),
      el('div.actions', {}, command,
        el('button.copy', { type: 'button', onclick: () => copy(session.id) }, 'Copy'),
        el('button.renew', { type: 'button', onclick: () => act('POST', `sessions/${segment(session.id)}/renew`, 'The lease is renewed.') }, 'Renew'),
        el('button.extend', { type: 'button', onclick: () => extend(session.id) }, 'Extend'),
        el('button.end-it.danger', { type: 'button', onclick: () => end(session.id) }, 'End')))
  }

  function update(node, session) {
    const part = (mark) => node.querySelector(mark)
    node.className = `session ${session.status}`
    if (node.dataset.status !== session.status && part('.history').open) part('.history').dispatchEvent(new Event('toggle'))
    node.dataset.status = session.status
    const reason = session.status === 'running' ? '' : words(session.status_reason ?? '')
    say(part('.reason'), reason)
    part('.reason').hidden = !reason
    say(part('.rate'), fine(session.price_per_hour))
    say(part('.held'), fine(session.cost.reserved))
    say(part('.util'), session.gpu_util === null ? 'not told' : `${Math.round(session.gpu_util)} %`)
    const meter = part('meter')
    meter.hidden = session.gpu_util === null
    meter.value = session.gpu_util ?? 0
    for (const [name, text] of Object.entries(PATHS)) {
      const on = session.kill_paths[name]
      part(`.${name}`).className = `path ${name}${on ? ' on' : ''}`
      say(part(`.${name}`), `${on ? '✓' : '✕ not by'} ${text}`)
    }
    // That agents cannot reach this service is so for all of them, and one that boots has not reported yet.
    const news = session.agent.mode === 'timer_only' || session.status !== 'running' ? null : session.agent.note
    part('.note').className = session.last_heartbeat_at ? 'note warning' : 'note soft' // it fell silent, or never spoke
    say(part('.note'), news)
    part('.note').hidden = !news
    say(part('.history .soft'), news ? null : session.agent.note)
    part('.lease').parentElement.hidden = part('.renew').hidden = !session.lease_minutes
    part('.renew').title = `It ends unless it is renewed at least every ${session.lease_minutes} min`
    say(part('.command'), session.ssh?.command ?? '')
    part('.command').hidden = part('.copy').hidden = !session.ssh
    // Not `disabled`: that would take the focus away from whoever has just pressed it.
    for (const mark of ['.renew', '.extend', '.end-it']) part(mark).setAttribute('aria-disabled', session.status === 'terminating')
  }

  async function copy(id) {
    const command = live.get(id)?.ssh?.command
    if (!command) return
    try {
      await navigator.clipboard.writeText(command)
      announce('SSH command copied.')
    } catch {
      getSelection().selectAllChildren(list.querySelector(`[data-key="${CSS.escape(id)}"] .command`))
      announce('The browser does not let this page copy: the command is selected.')
    }
  }

  async function extend(id) {
    const session = live.get(id)
    if (session.status === 'terminating') return
    const room = Math.max(0, (new Date(session.hard_max_at) - new Date(session.expires_at)) / 3.6e6)
    const answer = await question({
      title: `Extend ${session.gpu}`,
      text: `It may live ${span(room * 3.6e6)} longer before its hard max, at ${fine(session.price_per_hour)} per hour.`,
      label: 'Hours longer',
      check: operator ? 'Override the hard max (this is recorded)' : null,
      confirm: 'Extend',
    })
    if (answer) await act('POST', `sessions/${segment(id)}/extend`, 'Extended.', answer.checked ? { hours: answer.value, override: true } : { hours: answer.value })
  }

  async function end(id) {
    const session = live.get(id)
    if (session.status === 'terminating') return
    const answer = await question({
      title: `End ${session.gpu}?`,
      text: 'The machine is destroyed with everything on it, and the session closes when that is proven.',
      confirm: 'End it', danger: true,
    })
    if (answer) await act('DELETE', `sessions/${segment(id)}`, 'Ending it.')
  }

  async function act(method, path, done, body) {
    try {
      await ask(method, path, { body })
      announce(done)
      await refresh()
    } catch (problem) {
      announce(problem.message)
    }
  }

  return { refresh, refreshEnded, tick }
}

/** What happened to it so far, asked for when somebody opens it. */
function history(id) {
  const events = el('ol', {})
  const shown = async () => {
    try {
      const told = await get(`sessions/${segment(id)}/events`, { limit: 100 })
      events.replaceChildren(...told.events.map((event) => el('li', {},
        `${clock(event.at)}  ${words(event.to)}${event.reason ? ` – ${words(event.reason)}` : ''}${event.detail ? `: ${event.detail}` : ''} (${event.actor})`)))
    } catch (problem) {
      events.replaceChildren(el('li', {}, problem.message))
    }
  }
  return el('details.history', { ontoggle: (event) => event.target.open && shown() }, el('summary', {}, 'History'), events, el('p.soft'))
}

/** Every page of the list: what is live must all be seen. */
async function all(query) {
  const found = []
  for (let cursor = null; ;) {
    const page = await get('sessions', { ...query, limit: 100, cursor })
    found.push(...page.sessions)
    cursor = page.next_cursor
    if (!cursor) return found
  }
}
