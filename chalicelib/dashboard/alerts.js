// The latest alerts, as they were told to whoever subscribed.

import { byId, el, keyed } from './dom.js'
import { moment, words } from './format.js'

const LOUD = ['destroy_stuck', 'provider_auth', 'brake_frozen']

export function showAlerts(alerts) {
  byId('alerts-empty').hidden = alerts.length > 0
  keyed(byId('alert-list'), alerts, (alert) => alert.id, () => el('li', {}), (item, alert) => {
    if (item.childElementCount) return // an alert that was made stays as it is
    item.append(
      el(LOUD.includes(alert.kind) ? 'span.tag.bad' : 'span.tag', {}, words(alert.kind)),
      el('time', { datetime: alert.at }, moment(alert.at)),
      el('p', {}, alert.detail))
  })
}
