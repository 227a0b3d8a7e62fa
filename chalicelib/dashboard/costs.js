// What was spent: by day as a chart, by group as a list, and against the budgets.

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
      chart(bars), shares(GROUPS[form.elements.group.value], grouped.groups, grouped.total) ?? '')
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
  const most = Math.max(...bars.map((bar) => bar.cost))
  if (most === 0) return el('p.empty', {}, 'Nothing was spent in these days.')
  const top = nice(most)
  const [wide, high] = [(WIDTH - LEFT) / bars.length, HEIGHT - TOP - BOTTOM]
  const y = (cost) => TOP + high - (cost / top) * high
  const told = bars.filter((bar) => bar.cost > 0).map((bar) => `${day(bar.date)} ${dollars(bar.cost)}`)
  const lines = [0, top / 2, top].map((value) => [
    svg('line.grid', { x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value) }),
    svg('text', { x: LEFT - 6, y: y(value) + 4, 'text-anchor': 'end' }, value === 0 ? '$0' : dollars(value)),
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

/** The dearest groups, each with its share as a bar. */
function shares(title, groups, total) {
  const ranked = [...groups].sort((one, other) => other.cost - one.cost).filter((group) => group.cost > 0)
  const rows = ranked.slice(0, 5).map((group) => [group.key ?? '–', group.cost])
  const rest = ranked.slice(5)
  if (rest.length) rows.push([`${count(rest.length)} others`, rest.reduce((sum, group) => sum + group.cost, 0)])
  if (!rows.length) return null
  return el('ul.shares', { 'aria-label': `Cost by ${title}` }, ...rows.map(([name, cost]) => {
    const share = (cost / total) * 100
    return el('li', {},
      el('span.name', {}, name), el('span', {}, `${dollars(cost)} `, el('span.soft', {}, `${share < 1 ? '< 1' : Math.round(share)} %`)),
      strip([['s1', share]]))
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
