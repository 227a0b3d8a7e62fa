// What can be rented now: filters, prices with everything in them, pages.

import { get } from './api.js'
import { announce, byId, el, field, say } from './dom.js'
import { ago, amount, count, fine } from './format.js'
import { showTrends } from './trends.js'

const NARROW = matchMedia('(max-width: 640px)')
const PAGE = NARROW.matches ? 10 : 25
const options = (pairs) => pairs.map(([value, text]) => el('option', { value }, text))
const number = (least, step) => ({ type: 'number', min: least, step, inputmode: 'decimal' })

export function startOffers(rent) {
  const form = byId('filters')
  let shown = []
  let next = null
  let asked = 0

  form.append(
    field('input', 'gpu', 'GPU', { placeholder: 'RTX 4090, H100' }),
    field('input', 'min_vram_gb', 'VRAM from, GB', number(0, 1)),
    field('input', 'gpu_count', 'GPUs', number(1, 1)),
    field('input', 'max_price', 'Up to, $/h', number(0, 0.01)),
    field('input', 'disk_gb', 'Disk, GB', { ...number(8, 1), value: 40 }),
    field('input', 'country', 'Country', { placeholder: 'DE, SE' }),
    field('select', 'provider', 'Market', {}, options([['', 'All markets']])),
    field('select', 'spot', 'Kind', {}, options([['', 'All'], ['false', 'On demand'], ['true', 'Spot']])),
    field('select', 'sort', 'Sort by', {}, options([['price', 'Price'], ['value', 'Value'], ['reliability', 'Reliability']])),
    el('label.check', {}, el('input', { type: 'checkbox', name: 'verified', value: 'true' }), 'Verified hosts'),
  )

  byId('filter-box').open = !NARROW.matches
  NARROW.addEventListener('change', () => { byId('filter-box').open = !NARROW.matches })

  let waiting = 0
  form.addEventListener('input', () => {
    clearTimeout(waiting)
    waiting = setTimeout(refresh, 300)
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    refresh()
  })
  byId('more-offers').addEventListener('click', more)

  const disk = () => Number(form.elements.disk_gb.value) || 40

  async function page(cursor) {
    const query = Object.fromEntries(new FormData(form))
    return get('inventory', { ...query, disk_gb: disk(), limit: PAGE, cursor })
  }

  async function refresh() {
    if (!form.reportValidity()) return
    if (shown.length > PAGE && form.contains(document.activeElement) === false && asked) return // somebody reads on
    const turn = ++asked
    showTrends(Object.fromEntries(new FormData(form)))
    try {
      const answer = await page(null)
      if (turn !== asked) return // a later question was faster
      shown = answer.offers
      show(answer, shown)
    } catch (problem) {
      if (turn !== asked || problem.status === 401) return
      say(byId('offers-empty'), problem.message)
      byId('offers-empty').hidden = false
    }
  }

  async function more() {
    let answer
    try {
      answer = await page(next)
    } catch (problem) {
      if (problem.code !== 'invalid_cursor') return announce(problem.message)
      shown = []
      announce('The list has changed: it starts anew.')
      return refresh()
    }
    const first = byId('offer-rows').children.length
    shown = [...shown, ...answer.offers]
    show(answer, shown)
    byId('offer-rows').children[first]?.querySelector('button').focus()
  }

  function show(answer, offers) {
    next = answer.next_cursor
    say(byId('offers-count'), `${count(answer.total)} match`)
    const set = [...new FormData(form)].filter(([name, value]) => value && !['sort', 'disk_gb'].includes(name)).length
    say(byId('filters-set'), set ? `${set} set` : '')
    byId('more-offers').hidden = next === null
    byId('offers-empty').hidden = offers.length > 0
    say(byId('offers-empty'), 'No offer matches. Ask for less, or pay more.')
    const focused = document.activeElement?.dataset.offer
    byId('offer-rows').replaceChildren(...offers.map((offer) => row(offer, () => rent(offer, disk()))))
    if (focused) byId('offer-rows').querySelector(`button[data-offer="${CSS.escape(focused)}"]`)?.focus()
    markets(answer.providers)
  }

  function markets(providers) {
    const select = form.elements.provider
    const names = Object.keys(providers).filter((name) => providers[name].status !== 'unconfigured')
    if (select.options.length !== names.length + 1) {
      const chosen = select.value
      select.replaceChildren(...options([['', 'All markets'], ...names.map((name) => [name, name])]))
      select.value = names.includes(chosen) ? chosen : ''
    }
    // Whoever looks makes the service read the markets again: show that soon, not with the next turn.
    if (names.some((name) => providers[name].status === 'stale')) {
      clearTimeout(waiting)
      waiting = setTimeout(refresh, 10_000)
    }
    byId('markets').replaceChildren(...names.map((name) => {
      const { status, offers, fetched_at: at, error } = providers[name]
      return el('span', { title: error ?? '' }, `${name}: ${count(offers)} offers, seen ${ago(at)} `,
        status === 'ok' ? null : el('span.tag.warn', {}, status))
    }))
  }

  return { refresh }
}

function row(offer, rent) {
  const cell = (label, ...content) => el('td', { role: 'cell', 'data-label': label }, ...content)
  const name = `${offer.gpu_count > 1 ? `${offer.gpu_count}× ` : ''}${offer.gpu}`
  const { gpu, disk, cpu_ram: rest } = offer.price
  return el('tr', { role: 'row' },
    cell('GPU', el('strong', {}, name), ' ', offer.spot ? el('span.tag.warn', { title: 'Cheaper, and may be taken away at any moment' }, 'spot') : null,
      offer.verified ? el('span.tag.good', {}, 'verified') : null),
    cell('VRAM', amount(offer.vram_gb, ' GB')),
    cell('All-in per hour', el('span.price', { title: `GPU ${fine(gpu)}, disk ${fine(disk)}, CPU and memory ${fine(rest)}` }, fine(offer.price_per_hour))),
    cell('Market', offer.provider),
    cell('Place', offer.country ?? offer.region ?? '–'),
    cell('Reliability', offer.reliability === null ? '–' : amount(offer.reliability * 100, ' %', 1)),
    cell('CUDA', amount(offer.cuda_version, '', 1)),
    cell('', el('button.small', { type: 'button', 'data-offer': offer.id, 'aria-label': `Rent ${name} at ${fine(offer.price_per_hour)} per hour`, onclick: rent }, 'Rent')))
}
