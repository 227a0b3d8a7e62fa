// Figures as people read them.

const money = (digits) => new Intl.NumberFormat('en-US', {
  style: 'currency', currency: 'USD', minimumFractionDigits: digits, maximumFractionDigits: digits,
})
const CENTS = money(2)
const FINE = money(4)
const COUNT = new Intl.NumberFormat('en-US')
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
const MOMENT = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })

/** In cents, or finer where cents would say nothing. */
export const dollars = (amount) =>
  amount === null || amount === undefined ? '–' : (Math.abs(amount) >= 0.00005 && Math.abs(amount) < 0.1 ? FINE : CENTS).format(amount)
/** To a hundredth of a cent: prices per hour, and money that ticks. */
export const fine = (amount) => (amount === null || amount === undefined ? '–' : FINE.format(amount))
/** Without cents where there are none. */
export const whole = (amount) => dollars(amount).replace(/\.00$/, '')
export const count = (number) => COUNT.format(number)
export const day = (date) => DAY.format(new Date(date))
export const moment = (stamp) => (stamp ? MOMENT.format(new Date(stamp)) : '–')
export const clock = (stamp) => new Date(stamp).toLocaleTimeString()
export const words = (name) => name.replaceAll('_', ' ')
export const amount = (value, unit = '', digits = 0) =>
  value === null || value === undefined ? '–' : `${Number(value).toFixed(digits)}${unit}`

/** Milliseconds as `1 h 05 min`, `4 min 09 s`, `7 s`. */
export function span(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`
  if (hours) return `${hours} h ${String(minutes).padStart(2, '0')} min`
  if (minutes) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`
  return `${seconds} s`
}

export const ago = (stamp) => (stamp ? `${span(Date.now() - new Date(stamp))} ago` : 'never')
