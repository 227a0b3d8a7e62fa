// The rent dialog: what it will cost, said before anything is spent.

import { ask, get, segment } from './api.js'
import { announce, byId, el, field, say } from './dom.js'
import { dollars, fine } from './format.js'

export function startRent(me, rented) {
  const dialog = byId('rent')
  const { default_hours: usual, hard_max_hours: longest, hold_margin_hours: margin, price_tolerance: tolerance } = me.terms

  function open(listed, disk) {
    let offer = listed
    let sending = false
    const idempotency = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`
    const bill = el('dl.bill', { 'aria-live': 'polite' })
    const error = el('p.error', { role: 'alert' })
    const submit = el('button.primary', { type: 'submit' }, 'Rent it')
    const form = el('form', { method: 'dialog', novalidate: true },
      el('h2#rent-title', {}, `Rent ${offer.gpu_count > 1 ? `${offer.gpu_count}× ` : ''}${offer.gpu}`),
      el('p.soft', {}, [offer.provider, offer.country ?? offer.region, offer.spot ? 'spot: may be taken away at any moment' : 'on demand']
        .filter(Boolean).join(' · ')),
      el('div.pair', {},
        field('input', 'hours', `Hours, up to ${longest}`, { type: 'number', min: 0.1, max: longest, step: 'any', value: Math.min(usual, longest), required: true }),
        field('input', 'disk', 'Disk, GB', { type: 'number', min: 8, max: Math.floor(offer.max_disk_gb ?? 16000), step: 1, value: disk, required: true })),
      field('textarea', 'ssh', 'Your public SSH key', { rows: 3, required: true, spellcheck: 'false', placeholder: 'ssh-ed25519 AAAA… (the contents of ~/.ssh/id_ed25519.pub)' }),
      field('input', 'image', 'Image (the market’s own if empty)', { autocomplete: 'off', spellcheck: 'false' }),
      bill, error,
      el('div.end', {}, el('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'), submit))
    const { hours, disk: size, ssh, image } = form.elements

    const show = () => {
      const length = Number(hours.value) || 0
      const dearest = offer.price_per_hour * (1 + tolerance)
      const dies = new Date(Date.now() + longest * 3.6e6)
      bill.replaceChildren(
        el('dt', {}, 'Price per hour, all-in'), el('dd', {}, fine(offer.price_per_hour)),
        el('dt', {}, `For ${length} h`), el('dd', {}, dollars(offer.price_per_hour * length)),
        el('dt', {}, `Dies for certain by (hard max ${longest} h)`), el('dd', {}, dies.toLocaleString(undefined, { weekday: 'short', hour: '2-digit', minute: '2-digit' })),
        el('dt.total', {}, 'Held: the most it may cost'), el('dd.total', {}, dollars(dearest * (length + margin))),
        el('dt.small', {}, `${Math.round(tolerance * 100)} % for a dearer quote and ${Math.round(margin * 60)} min for ending it are in it`))
    }
    let waiting = 0
    const requote = async () => {
      try {
        offer = await get(`inventory/${segment(listed.id)}`, { disk_gb: size.value })
        say(error, '')
        show()
      } catch (problem) {
        say(error, problem.message)
      }
    }
    hours.addEventListener('input', show)
    size.addEventListener('input', () => {
      clearTimeout(waiting)
      waiting = setTimeout(requote, 250)
    })
    form.addEventListener('submit', async (event) => {
      event.preventDefault()
      const wrong = [hours, size, ssh].find((each) => !each.checkValidity())
      if (wrong) {
        say(error, `${wrong.labels[0].textContent}: ${wrong.validationMessage}`)
        wrong.focus()
        return
      }
      if (sending) return
      sending = submit.disabled = true
      say(error, '')
      try {
        const body = { offer_id: offer.id, ssh_public_key: ssh.value.trim(), hours: Number(hours.value), disk_gb: Number(size.value) }
        if (image.value.trim()) body.image = image.value.trim()
        // What is held above is what was agreed to: nothing dearer is taken.
        body.max_price = Math.ceil(offer.price_per_hour * (1 + tolerance) * 1e6) / 1e6
        await ask('POST', 'sessions', { body, headers: { 'Idempotency-Key': idempotency } })
        dialog.close()
        announce(`${offer.gpu} is being rented.`)
        byId('live').scrollIntoView()
        await rented()
      } catch (problem) {
        say(error, problem.message)
      }
      sending = submit.disabled = false
    })
    show()
    dialog.replaceChildren(form)
    dialog.showModal()
    ssh.focus()
  }

  return { open }
}

/** Ask a question with one number in it, or none. Resolves to the number (or true), or to null when it is dismissed. */
export function question({ title, text, label = null, value = 1, most = null, confirm, danger = false, check = null }) {
  const dialog = byId('ask')
  return new Promise((resolve) => {
    let answer = null
    const input = label ? field('input', 'answer', label, { type: 'number', min: 0.1, max: most, step: 'any', value, required: true }) : null
    const box = check ? el('input', { type: 'checkbox', name: 'check' }) : null
    const form = el('form', { method: 'dialog' },
      el('h2#ask-title', {}, title), el('p', {}, text), input,
      check ? el('label.check', {}, box, check) : null,
      el('div.end', {},
        el('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'),
        el(danger ? 'button.danger' : 'button.primary', { type: 'submit' }, confirm)))
    form.addEventListener('submit', () => {
      answer = { value: input ? Number(form.elements.answer.value) : true, checked: Boolean(box?.checked) }
    })
    dialog.addEventListener('close', () => resolve(answer), { once: true })
    dialog.replaceChildren(form)
    dialog.showModal()
  })
}
