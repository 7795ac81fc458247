/**
 * The page's side of AgentWidget: plain DOM, no dependencies, no requests.
 *
 * Everything that is shown comes from the kernel as data and becomes text or an element of a short list; nothing is
 * ever parsed as HTML. State comes through the model's traits; what a person does goes out as messages, each answered.
 */

const TAGS = new Set(
  'p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong s a table thead tbody tr th td hr br'.split(' ')
);
const ADDRESS = /^(https?|mailto):/i;
const ANSWER_SECONDS = 8;
const STATES = {
  connecting: 'connecting',
  idle: 'idle',
  working: 'working',
  asking: 'waits for your answer',
  undecided: 'waits for your decision',
  unreachable: 'not reachable'
};
const CHOICES = {
  foreign: [['resume', 'Go on with it'], ['fresh', 'Begin anew']],
  unsigned: [['resume', 'Go on with it'], ['fresh', 'Begin anew']],
  diverged: [['journal', "Go on with the server's"], ['notebook', "Go on with the notebook's"]],
  corrupt: [['fresh', 'Begin anew']]
};

/** An element with attributes (functions become listeners) and children; texts stay texts. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(name, value);
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== false && value !== undefined && value !== '') {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...children.filter(child => child !== null && child !== ''));
  return element;
}

/** Nodes as the kernel writes them, checked once more. Headings move below those of the page. */
function build(node) {
  if (typeof node === 'string') {
    return document.createTextNode(node);
  }
  const [tag, attributes, ...children] = Array.isArray(node) ? node : ['p', {}];
  if (!TAGS.has(tag)) {
    return make('span', {}, ...children.map(build));
  }
  const heading = /^h([1-6])$/.exec(tag);
  const element = document.createElement(heading ? `h${Math.min(6, Number(heading[1]) + 2)}` : tag);
  if (tag === 'a' && ADDRESS.test(attributes.href ?? '')) {
    element.href = attributes.href;
    element.target = '_blank';
    element.rel = 'noopener noreferrer nofollow';
  }
  if (tag === 'ol' && Number.isInteger(attributes.start)) {
    element.start = attributes.start;
  }
  if (['left', 'right', 'center'].includes(attributes.align)) {
    element.style.textAlign = attributes.align;
  }
  element.append(...children.map(build));
  return tag === 'table' ? make('div', { class: 'agent-scroll' }, element) : element;
}

/** Sends messages to the kernel and waits for their answers. */
class Kernel {
  constructor(model) {
    this.model = model;
    this.waiting = new Map();
    this.heard = content => {
      const done = this.waiting.get(content?.id);
      if (done) {
        this.waiting.delete(content.id);
        done(content);
      }
    };
    model.on('msg:custom', this.heard);
  }

  /** The answer; an `error` in it is a sentence. Never rejects. */
  send(type, fields = {}) {
    const id = `${Date.now()}-${Math.random().toString(36).slice(2)}`;
    return new Promise(resolve => {
      const late = setTimeout(() => {
        this.heard({
          id,
          late: true,
          error: 'No answer from the kernel yet: it is busy with a cell, or it is gone (then run this cell again).'
        });
      }, ANSWER_SECONDS * 1000);
      this.waiting.set(id, content => {
        clearTimeout(late);
        resolve(content);
      });
      try {
        this.model.send({ type, id, ...fields });
      } catch {
        this.heard({ id, error: 'This widget has lost its kernel: run this cell again.' });
      }
    });
  }

  close() {
    this.model.off('msg:custom', this.heard);
  }
}

/** Children of `list` by key: those whose data changed are made anew, the others stay as a person left them. */
class Keyed {
  constructor(list) {
    this.list = list;
    this.items = new Map();
  }

  show(data, keyOf, makeItem) {
    const keys = new Set(data.map(keyOf));
    for (const [key, item] of this.items) {
      if (!keys.has(key)) {
        item.element.remove();
        this.items.delete(key);
      }
    }
    let before = null;
    for (const datum of data) {
      const key = keyOf(datum);
      const text = JSON.stringify(datum);
      let item = this.items.get(key);
      if (!item) {
        item = { ...makeItem(datum), text };
        this.items.set(key, item);
      } else if (item.text !== text) {
        item.text = text;
        if (item.update) {
          item.update(datum);
        } else {
          const fresh = makeItem(datum);
          if (item.element.open && 'open' in fresh.element) {
            fresh.element.open = true;
          }
          item.element.replaceWith(fresh.element);
          item.element = fresh.element;
        }
      }
      const after = before ? before.nextSibling : this.list.firstChild;
      if (after !== item.element) {
        this.list.insertBefore(item.element, after);
      }
      before = item.element;
    }
  }
}

function partItem(part, kernel, tell) {
  return { element: partElement(part, kernel, tell) };
}

function partElement(part, kernel, tell) {
  switch (part.kind) {
    case 'text':
      return make('div', { class: 'agent-text' }, ...part.nodes.map(build));
    case 'tool':
      return toolElement(part);
    case 'question':
      return questionElement(part, kernel, tell);
    case 'settled':
      return make('p', { class: 'agent-settled' }, part.text);
    default:
      return make('p', { class: 'agent-note', 'data-level': part.level }, part.text);
  }
}

function toolElement(part) {
  const status = part.result === null ? 'running' : part.failed ? 'failed' : 'done';
  const summary = make(
    'summary',
    {},
    make('span', { class: 'agent-dot', 'data-status': status, role: 'img', 'aria-label': status }),
    make('strong', {}, part.name),
    make('span', { class: 'agent-about' }, part.about)
  );
  return make(
    'details',
    { class: part.inner ? 'agent-tool agent-inner' : 'agent-tool' },
    summary,
    part.arguments ? make('pre', { tabindex: 0, 'aria-label': 'Arguments' }, part.arguments) : null,
    part.result ? make('pre', { tabindex: 0, 'aria-label': part.failed ? 'Error' : 'Result' }, part.result) : null
  );
}

function questionElement(part, kernel, tell) {
  const form = make('form', { class: 'agent-question', 'aria-label': `The agent asks: ${part.title}` });
  const decide = async fields => {
    form.toggleAttribute('inert', true);
    const answer = await kernel.send('decide', { request: part.id, ...fields });
    form.toggleAttribute('inert', false);
    tell(answer.error ?? '');
  };
  form.append(make('strong', {}, part.title), part.about ? make('div', {}, part.about) : '');
  if (part.questions.length) {
    const fields = part.questions.map((question, index) => choiceElement(question, `${part.id}-${index}`));
    form.append(...fields.map(field => field.element), make('button', { type: 'submit', class: 'agent-main' }, 'Answer'));
    form.addEventListener('submit', event => {
      event.preventDefault();
      const chosen = fields.map(field => field.chosen());
      const words = fields.map(field => field.words());
      if (chosen.some((numbers, index) => !numbers.length && !words[index])) {
        tell('Choose an answer to each question, or write one.');
        return;
      }
      void decide({ decision: 'allow', chosen, words });
    });
    return form;
  }
  const reason = make('input', { type: 'text', 'aria-label': 'Message to the agent with a denial', placeholder: 'What to do instead (optional)' });
  form.append(
    part.arguments ? make('pre', { tabindex: 0, 'aria-label': 'Exactly what would be done' }, part.arguments) : '',
    make(
      'div',
      { class: 'agent-row' },
      make('button', { type: 'button', class: 'agent-main', click: () => void decide({ decision: 'allow' }) }, 'Allow once'),
      part.leaves
        ? make('button', { type: 'button', click: () => void decide({ decision: 'allow', remember: 'notebook' }) }, 'Allow for this notebook')
        : null,
      make('button', { type: 'submit' }, 'Deny'),
      reason
    )
  );
  form.addEventListener('submit', event => {
    event.preventDefault();
    void decide({ decision: 'deny', message: reason.value });
  });
  return form;
}

function choiceElement(question, name) {
  const inputs = question.options.map((_, index) =>
    make('input', { type: question.many ? 'checkbox' : 'radio', name, value: index })
  );
  const other = make('input', { type: 'text', 'aria-label': 'Words of your own', placeholder: 'Or words of your own' });
  const labels = question.options.map((option, index) =>
    make('label', {}, inputs[index], option.label, option.about ? make('small', {}, ` ${option.about}`) : null)
  );
  return {
    element: make('fieldset', {}, make('legend', {}, question.question), ...labels, other),
    chosen: () => inputs.filter(input => input.checked).map(input => Number(input.value)),
    words: () => other.value.trim()
  };
}

function turnItem(turn, kernel, tell) {
  const prompt = make('div', { class: 'agent-prompt' });
  const parts = make('div', {});
  const end = make('div', { class: 'agent-end' });
  const keyed = new Keyed(parts);
  const element = make('article', { class: 'agent-turn' }, prompt, parts, end);
  const update = data => {
    element.dataset.status = data.status;
    element.setAttribute('aria-label', `Turn: ${data.prompt.slice(0, 60)}`);
    prompt.textContent = data.prompt;
    keyed.show(data.parts, part => part.key + part.kind, part => partItem(part, kernel, tell));
    const waits = data.status === 'running' && data.parts.length === 0;
    end.replaceChildren(
      data.files.length ? make('ul', { class: 'agent-files', 'aria-label': 'Files changed' }, ...data.files.map(file => make('li', {}, file))) : '',
      data.ending ? make('p', { class: 'agent-ending' }, data.ending) : '',
      data.thinking || waits ? make('p', { class: 'agent-busy' }, data.thinking ? (data.thought || 'Thinking…') : 'Waiting…') : '',
      data.footer ? make('p', { class: 'agent-footer' }, data.footer) : ''
    );
  };
  update(turn);
  return { element, update };
}

function render({ model, el }) {
  const kernel = new Kernel(model);
  const state = make('span', { class: 'agent-state', role: 'status' });
  const labels = make('span', { class: 'agent-labels' });
  const cost = make('span', { class: 'agent-cost' });
  const problem = make('p', { class: 'agent-problem', role: 'alert', hidden: true });
  const decision = make('div', { class: 'agent-row', hidden: true });
  const more = make('button', { type: 'button', class: 'agent-more', hidden: true });
  const earlierList = make('div', {});
  const turnList = make('div', {});
  const empty = make('p', { class: 'agent-empty' }, 'Nothing was said yet. Ask the agent of this notebook:');
  const log = make(
    'div',
    { class: 'agent-log', role: 'log', tabindex: 0, 'aria-label': "Conversation with the notebook's agent" },
    more, earlierList, turnList, empty
  );
  const box = make('textarea', { rows: 2, placeholder: 'Ask the agent', 'aria-label': 'Prompt to the agent' });
  const send = make('button', { type: 'submit', class: 'agent-main' }, 'Send');
  const stop = make('button', { type: 'button', hidden: true }, 'Interrupt');
  const hint = make('span', { class: 'agent-hint' }, 'Enter sends, Shift+Enter begins a new line, Esc interrupts');
  const composer = make('form', { class: 'agent-composer' }, box, make('div', { class: 'agent-row' }, hint, stop, send));
  const root = make(
    'section',
    { class: 'agent-widget', 'aria-label': "The notebook's agent" },
    make('header', {}, state, labels, cost), problem, decision, log, composer
  );
  el.replaceChildren(root);

  const earlierTurns = new Keyed(earlierList);
  const turns = new Keyed(turnList);
  let earlierData = [];
  let lastEnded = [];
  let session = '';
  let message = '';
  let pinned = true;

  const tell = text => {
    message = text;
    showHeader();
  };
  const showHeader = () => {
    const header = model.get('_header');
    const text = message || header.problem || '';
    root.dataset.state = header.state ?? 'connecting';
    const waiting = header.waiting ? `, ${header.waiting} waiting` : '';
    state.textContent = `${STATES[header.state] ?? STATES.connecting}${waiting}`;
    const words = [
      header.place, header.isolated === false && !/not isolated/i.test(header.place ?? '') ? 'not isolated' : '',
      header.bound ? 'writes your folder directly' : '', header.model, header.scripted ? 'scripted model, not a real one' : ''
    ];
    labels.textContent = words.filter(Boolean).join(' · ');
    cost.textContent = header.cost ? `${header.cost} (estimate)` : '';
    problem.textContent = text;
    problem.hidden = !text;
    const choices = header.state === 'undecided' ? (CHOICES[header.trust] ?? []) : [];
    decision.hidden = choices.length === 0;
    decision.replaceChildren(
      choices.length ? make('span', {}, 'This conversation came with the notebook and not from this server. It goes on only if you say so.') : '',
      ...choices.map(([choice, label]) =>
        make('button', { type: 'button', click: async () => tell((await kernel.send('trust', { choice })).error ?? '') }, label)
      )
    );
  };
  const showTurns = () => {
    const past = model.get('_past');
    const running = model.get('_running');
    const now = [...(past.turns ?? []), ...running];
    const shown = new Set(now.map(turn => turn.id));
    if (past.session !== session) {
      session = past.session;
      earlierData = [];
    } else {
      // What left the kernel's short list was shown here before, and stays.
      earlierData = [...earlierData, ...lastEnded].filter(turn => !shown.has(turn.id));
    }
    lastEnded = past.turns ?? [];
    const item = turn => turnItem(turn, kernel, tell);
    earlierTurns.show(earlierData, turn => turn.id, item);
    turns.show(now, turn => turn.id, item);
    const left = (past.earlier ?? 0) - earlierData.length;
    more.hidden = left <= 0 || now.length === 0;
    more.textContent = left === 1 ? 'Show 1 earlier turn' : `Show ${left} earlier turns`;
    empty.hidden = now.length + earlierData.length > 0;
    stop.hidden = running.length === 0;
    if (pinned) {
      log.scrollTop = log.scrollHeight;
    }
  };
  const ask = async () => {
    const prompt = box.value;
    if (!prompt.trim()) {
      return;
    }
    box.value = '';
    pinned = true;
    tell('');
    const answer = await kernel.send('ask', { prompt });
    if (answer.error) {
      // A prompt that was not taken comes back; one that the kernel will still find must not be sent twice.
      if (!answer.late && !box.value) {
        box.value = prompt;
      }
      tell(answer.error);
    }
  };
  const interrupt = async () => tell((await kernel.send('interrupt')).error ?? '');
  const showEarlier = async () => {
    const first = [...earlierData, ...lastEnded, ...model.get('_running')][0];
    more.disabled = true;
    const answer = await kernel.send('earlier', { before: first.first });
    more.disabled = false;
    tell(answer.error ?? '');
    if (answer.turns) {
      const height = log.scrollHeight;
      earlierData = [...answer.turns, ...earlierData];
      pinned = false;
      showTurns();
      log.scrollTop += log.scrollHeight - height;
    }
  };

  composer.addEventListener('submit', event => {
    event.preventDefault();
    void ask();
  });
  box.addEventListener('keydown', event => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      void ask();
    } else if (event.key === 'Escape' && model.get('_running').length) {
      void interrupt();
    }
  });
  // The notebook has shortcuts of its own for keys that are typed here.
  for (const type of ['keydown', 'keyup', 'keypress', 'paste', 'copy', 'cut', 'contextmenu']) {
    root.addEventListener(type, event => event.stopPropagation());
  }
  stop.addEventListener('click', () => void interrupt());
  more.addEventListener('click', () => void showEarlier());
  log.addEventListener('scroll', () => {
    pinned = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  });
  const changes = { 'change:_header': showHeader, 'change:_past': showTurns, 'change:_running': showTurns };
  for (const [event, show] of Object.entries(changes)) {
    model.on(event, show);
  }
  showHeader();
  showTurns();
  requestAnimationFrame(() => {
    log.scrollTop = log.scrollHeight;
  });
  return () => {
    kernel.close();
    for (const [event, show] of Object.entries(changes)) {
      model.off(event, show);
    }
  };
}

export default { render };
