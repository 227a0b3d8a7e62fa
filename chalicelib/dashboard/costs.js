// What was spent: by day as a chart, by group as a list, and against the budgets.

import { get, segment } from './api.js'
import { byId, el, field, svg } from './dom.js'
import { amount, count, day, dollars, fine, words } from './format.js'

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
    const days = Number(form.elements.days.value)
    const range = { from: iso(Date.now() - (days - 1) * DAY), to: iso(Date.now()) }
    const [daily, grouped] = await Promise.all([
      get('costs', { ...range, group_by: 'day' }),
      get('costs', { ...range, group_by: form.elements.group.value }),
    ])
    const found = new Map(daily.groups.map((group) => [group.key, group]))
    const bars = Array.from({ length: days }, (_, back) => {
      const date = iso(Date.now() - (days - 1 - back) * DAY)
      return { date, cost: found.get(date)?.cost ?? 0 }
    })
    byId('cost-chart').replaceChildren(
      el('p.row', {}, el('strong', {}, dollars(grouped.total)), el('span.soft', {}, `${amount(grouped.gpu_hours, ' GPU hours', 1)} · burning ${dollars(grouped.burn_per_hour)}/h`)),
      chart(bars), legend(grouped.groups, grouped.total))
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

function chart(bars) {
  const most = Math.max(...bars.map((bar) => bar.cost), 0.01)
  const top = nice(most)
  const [wide, high] = [(WIDTH - LEFT) / bars.length, HEIGHT - TOP - BOTTOM]
  const y = (cost) => TOP + high - (cost / top) * high
  const told = bars.filter((bar) => bar.cost > 0).map((bar) => `${day(bar.date)} ${dollars(bar.cost)}`)
  const lines = [0, top / 2, top].map((value) => [
    svg('line.grid', { x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value) }),
    svg('text', { x: LEFT - 6, y: y(value) + 4, 'text-anchor': 'end' }, top < 0.1 ? fine(value) : dollars(value)),
  ])
  const columns = bars.map((bar, index) => svg('rect.s1', {
    x: LEFT + index * wide + wide * 0.15, width: wide * 0.7, y: y(bar.cost), height: Math.max(0, TOP + high - y(bar.cost)), rx: 1.5,
  }, svg('title', {}, `${day(bar.date)}: ${dollars(bar.cost)}`)))
  const every = Math.ceil(bars.length / 5)
  const dates = bars.map((bar, index) => index % every ? null
    : svg('text', { x: LEFT + (index + 0.5) * wide, y: HEIGHT - 3, 'text-anchor': 'middle' }, day(bar.date)))
  return svg('svg.chart', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': `Cost by day: ${told.join(', ') || 'nothing was spent'}` },
    ...lines.flat(), ...columns, ...dates.filter(Boolean))
}

/** The next 1, 2 or 5 of its power of ten: a scale that reads easily. */
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value)
}

function legend(groups, total) {
  const ranked = [...groups].sort((one, other) => other.cost - one.cost)
  const shown = ranked.slice(0, 5)
  const rest = ranked.slice(5)
  const rows = shown.map((group) => [group.key, group.cost, group.sessions])
  if (rest.length) rows.push([`${count(rest.length)} others`, rest.reduce((sum, group) => sum + group.cost, 0), null])
  return el('ul.legend', {}, ...rows.map(([name, cost], index) => el('li', {},
    svg('svg', { viewBox: '0 0 10 10', 'aria-hidden': 'true' }, svg(`rect.s${index + 1}`, { width: 10, height: 10, rx: 2 })),
    el('span.id', {}, name ?? '–'),
    el('span', {}, `${dollars(cost)} `, el('span.soft', {}, total ? `${Math.round((cost / total) * 100)} %` : '')))))
}

const DOES = { alert: 'only tells', block: 'refuses more', terminate: 'ends what runs' }

function bar(budget) {
  const { consumer, period, limit, spent, reserved, forecast } = budget
  const used = spent + reserved
  const meter = el('meter', { min: 0, max: limit || 1, low: limit * 0.8, high: limit, optimum: 0, value: Math.min(used, limit), 'aria-label': `Budget of ${consumer}: ${dollars(used)} of ${dollars(limit)}` })
  return el('div.budget', {},
    el('p', {}, el('strong', {}, consumer), el('span', {}, `${dollars(used)} of ${dollars(limit)} a ${period}`)),
    meter,
    el('small', {}, `${dollars(spent)} spent, ${dollars(reserved)} held; forecast ${dollars(forecast)}; when reached: ${DOES[budget.on_exceeded] ?? words(budget.on_exceeded)}`))
}
