// The API's own description, to be read: every route, what it takes, what it answers.

import { get } from './api.js'
import { byId, el, say } from './dom.js'

const WHO = { public: 'public', any: 'any key', consumer: 'own things; operators all', operator: 'operators', agent: 'agents' }
const code = (text) => el('code', {}, text)
const last = (reference) => reference.split('/').pop()

/** Text in which `words` between backticks are code. */
const rich = (text) => text.split('`').map((part, index) => (index % 2 ? code(part) : part))

const description = await get('openapi.json')
say(byId('title'), `${description.info.title} ${description.info.version}`)
byId('about').append(...rich(description.info.description))
byId('keys').append(...Object.entries(description.components.securitySchemes).flatMap(([name, scheme]) =>
  [el('dt', {}, code(`Authorization: Bearer <${name}>`)), el('dd', {}, rich(scheme.description))]))

for (const { name, description: means } of description.tags) {
  const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).filter(([, told]) => told.tags.includes(name)).map(([method, told]) => operation(method, path, told)))
  byId('tags').append(el('a', { href: `docs#${name}` }, name))
  byId('operations').append(el('section', { id: name }, el('h2', {}, name), el('p', {}, means), ...operations))
}
byId('tags').append(el('a', { href: 'docs#schemas' }, 'schemas'))
byId('operations').append(el('section', { id: 'schemas' }, el('h2', {}, 'schemas'), el('p', {}, 'What bodies and answers are made of.'),
  ...Object.keys(description.components.schemas).sort().map(schema)))
addEventListener('hashchange', reveal)
reveal()

/** What the address names is brought to light, and opened if it is closed. */
function reveal() {
  const named = location.hash && byId(decodeURIComponent(location.hash.slice(1)))
  if (!named) return
  if (named instanceof HTMLDetailsElement) named.open = true
  setTimeout(() => named.scrollIntoView()) // once what was opened is there
}

function schema(name) {
  const told = description.components.schemas[name]
  const details = el('details.operation', { id: `schema-${name}` }, el('summary', {}, code(name), el('span.soft', {}, rich(told.description ?? ''))))
  details.addEventListener('toggle', () => {
    details.append(el('div', {}, told.properties ? fields('Fields', { $ref: name }) : el('p', {}, kind(told))))
  }, { once: true })
  return details
}

function operation(method, path, told) {
  const body = told.requestBody?.content['application/json']
  const details = el('details.operation', {},
    el('summary', {}, el('span.method', {}, method.toUpperCase()), code(path), el('span.soft', {}, told.summary), el('span.tag', {}, WHO[told['x-who']])))
  // A few thousand nodes that nobody has asked for yet are not made.
  details.addEventListener('toggle', () => {
    details.append(el('div', {},
      told.description ? el('p', {}, ...rich(told.description)) : null,
      told.parameters ? table('Parameters', told.parameters.map((each) => [code(each.name), `${each.in}${each.required ? ', required' : ''}`, kind(each.schema), rich(each.description)])) : null,
      body ? fields('Body', body.schema) : null,
      body ? el('pre', { tabindex: 0, 'aria-label': 'Example of a body' }, JSON.stringify(body.example, null, 2)) : null,
      table('Answers', Object.entries(told.responses).flatMap(([status, answer]) => answers(status, answer)))))
  }, { once: true })
  return details
}

function answers(status, answer) {
  const media = Object.entries(answer.content ?? {})
  if (!media.length) return [[status, '', answer.description]]
  return media.flatMap(([type, { schema, examples = {} }]) =>
    type === 'application/problem+json'
      ? Object.keys(examples).map((name) => [status, code(name), rich(description.components.examples[name].summary)])
      : [[status, schema.$ref ? link(last(schema.$ref)) : type, example(examples)]])
}

function example(examples) {
  const name = Object.keys(examples)[0]
  if (!name) return ''
  return el('details', {}, el('summary', {}, 'Example'),
    el('pre', { tabindex: 0, 'aria-label': `Example of ${name}` }, JSON.stringify(description.components.examples[name].value, null, 2)))
}

function fields(title, schema) {
  const { properties = {}, required = [] } = description.components.schemas[last(schema.$ref)]
  const some = required.length < Object.keys(properties).length // where all are, nobody needs to be told
  return table(title, Object.entries(properties).map(([name, each]) => [code(name), some && required.includes(name) ? 'required' : '', kind(each), rich(each.description ?? '')]))
}

const link = (name) => el('a', { href: `docs#schema-${name}` }, code(name))

/** A schema in a few words and links. */
function kind(schema) {
  if (schema.$ref) return [link(last(schema.$ref))]
  if (schema.anyOf) return schema.anyOf.flatMap((each, index) => [index ? ' or ' : '', kind(each)].flat())
  if (schema.enum) return schema.enum.join(', ')
  if (schema.type === 'array') return ['list of ', kind(schema.items ?? {})].flat()
  if (schema.type === 'object' && schema.additionalProperties?.$ref) return ['object of ', kind(schema.additionalProperties)].flat()
  const bounds = [['minimum', '≥'], ['exclusiveMinimum', '>'], ['maximum', '≤']].filter(([word]) => word in schema).map(([word, sign]) => `${sign} ${schema[word]}`)
  const usual = schema.default === undefined ? '' : `, default ${JSON.stringify(schema.default)}`
  return `${schema.type ?? 'anything'} ${bounds.join(', ')}`.trim() + usual
}

function table(title, rows) {
  return el('div', {}, el('h3', {}, title), el('table', {}, el('tbody', {}, ...rows.map((cells) => el('tr', {}, ...cells.map((cell) => el('td', {}, ...[cell].flat())))))))
}
