// What was spent: by day and group as a chart, by group as a list, and against the budgets.

import { get, segment } from './api.js'
import { byId, el, field, svg } from './dom.js'
import { amount, count, day, dollars, words } from './format.js'

const DAY = 86400000
const GROUPS = { gpu: 'GPU', provider: 'Market', consumer: 'Consumer', session: 'Session' }
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [360, 150, 52, 18, 8]
const iso = (time) => new Date(time).toISOString().slice(0, 10)

export function startCosts(me, paths) {
  const operator = me.consumer.role === 'operator'
  const form = byId('cost-form')
  const groups = Object.entries(GROUPS).filter(([name]) => operator || name !== 'consumer')
  form.append(
    field('select', 'days', 'Time', {}, ...[7, 14, 30].map((days) => el('option', { value: days, selected: days === 14 }, `${days} days`))),
    field('select', 'group', 'By', {}, ...groups.map(([name, text]) => el('option', { value: name }, text))))
  form.addEventListener('change', () => refresh())
  form.addEventListener('submit', (event) => event.preventDefault())
  byId('costs').hidden = false

  async function refresh() {
    const days = Array.from({ length: Number(form.elements.days.value) }, (_, back) => iso(Date.now() - back * DAY)).reverse()
    const by = form.elements.group.value
    const found = await get('costs', { from: days[0], to: days.at(-1), group_by: by, by_day: true })
    const parts = dearest(found.groups)
    byId('cost-chart').replaceChildren(
      el('p.row', {}, el('strong', {}, dollars(found.total)), el('span.soft', {}, `${amount(found.gpu_hours, ' GPU hours', 1)} · burning ${dollars(found.burn_per_hour)}/h`)),
      chart(days, parts), shares(GROUPS[by], parts, found.total) ?? '')
    if (paths['/budgets/{consumer}']) await budgets()
  }

  async function budgets() {
    const consumers = operator ? (await get('consumers', { limit: 100 })).consumers : [(await get('me')).consumer]
    const budgeted = consumers.filter((each) => each.has_budget)
    const set = await Promise.all(budgeted.map((each) => get(`budgets/${segment(each.id)}`)))
    byId('budgets').hidden = false
    byId('budget-list').replaceChildren(...(set.length ? set.map(bar) : [el('p.soft', {}, 'No budget is set.')]))
  }

  return { refresh }
}

/** The five dearest groups, and all others as one: each with a colour, what it cost, and on which day. */
function dearest(groups) {
  const ranked = groups.filter((group) => group.cost > 0).sort((one, other) => other.cost - one.cost)
    .map((group) => ({ name: group.key, cost: group.cost, days: new Map(group.days.map((one) => [one.day, one.cost])) }))
  const [shown, rest] = [ranked.slice(0, 5), ranked.slice(5)]
  if (rest.length) {
    const days = new Map()
    for (const group of rest) for (const [date, cost] of group.days) days.set(date, (days.get(date) ?? 0) + cost)
    shown.push({ name: `${count(rest.length)} others`, cost: rest.reduce((sum, group) => sum + group.cost, 0), days })
  }
  return shown.map((group, index) => ({ ...group, mark: `s${index + 1}` }))
}

/** A column for each day, of the groups one upon the other. */
function chart(days, parts) {
  const sums = new Map(days.map((date) => [date, parts.reduce((sum, part) => sum + (part.days.get(date) ?? 0), 0)]))
  const most = Math.max(...sums.values())
  if (most <= 0) return el('p.empty', {}, 'Nothing was spent in these days.')
  const top = nice(most)
  const [wide, high] = [(WIDTH - LEFT) / days.length, HEIGHT - TOP - BOTTOM]
  const y = (cost) => TOP + high - (cost / top) * high
  const told = [...sums].filter(([, cost]) => cost > 0).map(([date, cost]) => `${day(date)} ${dollars(cost)}`)
  const lines = [0, top / 2, top].map((value) => [
    svg('line.grid', { x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value) }),
    svg('text', { x: LEFT - 6, y: y(value) + 4, 'text-anchor': 'end' }, value === 0 ? '$0' : dollars(value)),
  ])
  const columns = days.flatMap((date, index) => {
    let below = 0
    return parts.filter((part) => part.days.get(date) > 0).map((part) => {
      const cost = part.days.get(date)
      below += cost
      return svg(`rect.${part.mark}`, {
        x: LEFT + index * wide + wide * 0.15, width: wide * 0.7, y: y(below), height: (cost / top) * high,
      }, svg('title', {}, `${day(date)}, ${part.name}: ${dollars(cost)}`))
    })
  })
  const every = Math.ceil(days.length / 5)
  const dates = days.map((date, index) => index % every ? null
    : svg('text', { x: LEFT + (index + 0.5) * wide, y: HEIGHT - 3, 'text-anchor': 'middle' }, day(date)))
  return svg('svg.chart', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': `Cost by day: ${told.join(', ')}` },
    ...lines.flat(), ...columns, ...dates.filter(Boolean))
}

/** A round number at or just above it: a scale that reads easily. */
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((step) => step >= value)
}

/** What each group has cost, with its share as a bar in the colour it has in the chart. */
function shares(title, parts, total) {
  if (!parts.length) return null
  return el('ul.shares', { 'aria-label': `Cost by ${title}` }, ...parts.map(({ name, cost, mark }) => {
    const share = (cost / total) * 100
    return el('li', {},
      el('span.name', {}, name ?? '–'), el('span', {}, `${dollars(cost)} `, el('span.soft', {}, `${share < 1 ? '< 1' : Math.round(share)} %`)),
      strip([[mark, share]]))
  }))
}

/** A bar of several parts, in hundredths of its whole; for the eye, its figures stand beside it. */
function strip(parts, marks = []) {
  let from = 0
  return svg('svg.strip', { viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('rect.ground', { width: 100, height: 6 }),
    ...parts.map(([mark, share]) => {
      const width = Math.min(share, 100 - from)
      from += width
      return svg(`rect.${mark}`, { x: from - width, width, height: 6 })
    }),
    ...marks.filter((at) => at > 0 && at < 100).map((at) => svg('rect.mark', { x: at - 0.25, width: 0.5, height: 6 })))
}

const DOES = { alert: 'only tells', block: 'refuses more', terminate: 'ends what runs' }

function bar(budget) {
  const { consumer, period, limit, thresholds, spent, reserved, forecast } = budget
  const part = (amount) => (limit > 0 ? (amount / limit) * 100 : amount > 0 ? 100 : 0)
  const look = spent >= limit ? 'bad' : part(spent) >= 80 ? 'warn' : 's1'
  return el('div.budget', {},
    el('p', {}, el('strong', {}, consumer), el('span', {}, `${dollars(spent)} of ${dollars(limit)} a ${period}`)),
    strip([[look, part(spent)], ['held', part(reserved)]], thresholds.map((each) => each * 100)),
    el('small', {}, `${dollars(reserved)} more is held; forecast ${dollars(forecast)}; when it is reached: ${DOES[budget.on_exceeded] ?? words(budget.on_exceeded)}`,
      spent + reserved > limit ? el('span.warning', {}, ' · what is held goes past it') : null))
}
