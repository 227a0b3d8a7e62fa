// Sessions that are over, each with the proof that nothing of it is left.

import { byId, el, keyed, say } from './dom.js'
import { count, dollars, moment, span, words } from './format.js'

export function showEnded(sessions, operator) {
  byId('ended-empty').hidden = sessions.length > 0
  say(byId('ended-count'), sessions.length || '')
  keyed(byId('ended-rows'), sessions, (session) => session.id, () => el('tr', { role: 'row' }), (row, session) => {
    if (row.childElementCount) return // what has ended stays as it is
    row.append(...cells(session, operator))
  })
}

function cells(session, operator) {
  const cell = (label, ...content) => el('td', { role: 'cell', 'data-label': label }, ...content)
  const bad = session.status === 'failed'
  const reason = el(bad ? 'span.tag.bad' : 'span.tag', {})
  say(reason, words(session.end_reason ?? session.status))
  return [
    cell('GPU', el('strong', {}, session.gpu), ` ${session.provider}${operator ? ` · ${session.consumer}` : ''}`, el('br'), el('code.soft', {}, session.id)),
    cell('Why', reason),
    cell('Ended', el('time', { datetime: session.ended_at }, moment(session.ended_at))),
    cell('Lived', session.running_at ? span(new Date(session.ended_at) - new Date(session.running_at)) : 'never ran'),
    cell('Cost', dollars(session.cost.accrued)),
    cell('Proof', proof(session.absence_proof)),
  ]
}

function proof(found) {
  if (!found) return el('span.soft', {}, 'no machine was ever ordered')
  return el('details', {},
    el('summary', {}, `${found.looks.length} looks found nothing`),
    el('ul.proof', {},
      ...found.looks.map((look) => el('li', {}, `${moment(look.at)}: ${found.instance_ids.join(', ') || 'the tag'} absent; ${count(look.machines_listed)} other machines in the complete list of ${found.provider}`)),
      el('li', {}, found.tag)))
}
