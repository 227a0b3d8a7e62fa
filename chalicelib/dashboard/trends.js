// What the cards that are looked for cost in the last days, market by market: is what is asked now much?

import { get } from './api.js'
import { byId, el, svg } from './dom.js'
import { fine } from './format.js'

const DAYS = 7
const MOST = 6
const EVERY = 600000 // an hour's prices do not change: a new hour is soon enough seen
const [WIDTH, HEIGHT, EDGE] = [160, 28, 2]

let told = { of: '', at: 0 }

/** For the cards, the market and the kind that the filters name; nothing where no card is named. */
export async function showTrends({ gpu, provider, spot }) {
  const of = JSON.stringify([gpu, provider, spot])
  if (of === told.of && Date.now() - told.at < EVERY) return
  told = { of, at: Date.now() }
  const asked = told
  let prices = []
  if (gpu) {
    try {
      prices = (await get('prices', { gpu, provider, spot: spot || 'false', days: DAYS, step: 'hour', limit: MOST })).prices
    } catch {
      asked.at = 0 // with the next turn again; the offers say what is wrong
    }
  }
  if (asked !== told) return // a later question was faster
  byId('trends').hidden = prices.length === 0
  byId('trend-list').replaceChildren(...prices.map(trend))
}

function trend(one) {
  const size = one.vram_gb === null ? '' : ` ${one.vram_gb} GB`
  return el('li', {},
    el('span.name', {}, `${one.gpu}${size}`, one.spot ? ' spot' : '', ', ', one.provider),
    line(one),
    el('span.price', { title: 'Median of the last hour, per GPU' }, fine(one.latest.median)),
    el('span.soft', {}, `usual ${fine(one.median)}, lowest ${fine(one.lowest)}`))
}

/** The medians by the hour, from their least to their most. */
function line({ points, median }) {
  const values = points.map((point) => point.median)
  const times = points.map((point) => new Date(point.at).getTime())
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const [from, until] = [times[0], times.at(-1)]
  const x = (time) => EDGE + (until === from ? 1 : (time - from) / (until - from)) * (WIDTH - 2 * EDGE)
  const y = (value) => HEIGHT - EDGE - (most === least ? 0.5 : (value - least) / (most - least)) * (HEIGHT - 2 * EDGE)
  const said = `Median by the hour: from ${fine(least)} to ${fine(most)}, now ${fine(values.at(-1))}`
  return svg('svg.trend', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': said },
    svg('title', {}, said),
    svg('line.grid', { x1: 0, x2: WIDTH, y1: y(median), y2: y(median) }),
    svg('polyline', { points: values.map((value, index) => `${x(times[index]).toFixed(1)},${y(value).toFixed(1)}`).join(' ') }),
    svg('circle', { cx: x(until), cy: y(values.at(-1)), r: 2 }))
}
