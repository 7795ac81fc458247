/**
 * Agent text made inert. It is read by JupyterLab's own Markdown renderer, but what reaches the page is rebuilt from a
 * short list of elements and attributes: nothing that acts, nothing that asks another server, no hidden address.
 */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { isDataImage, names, webTarget } from './allowedAddresses';

const ELEMENTS = new Set(
  (
    'a b blockquote br code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li ol p pre s span strong sub sup ' +
    'table tbody td th thead tr ul'
  ).split(' ')
);
/** Left out with all that they hold; other unknown elements are replaced by their content. */
const DROPPED = new Set(
  'script style iframe object embed svg math template noscript form button select textarea input video audio'.split(' ')
);
const SYNTAX_CLASS = /^(?:ͼ[0-9a-z]+|cm-[\w-]+|tok-[\w-]+|language-[\w+#.-]+)$/;
const ALIGN = new Set(['left', 'right', 'center']);
const CONTROL = /[\u202a-\u202e\u2066-\u2069]/g;
const DRAWN_FENCE =
  /^([ \t>*+\-\d.)]*)(`{3,}|~{3,})[ \t]*(?:mermaid|math|geojson|topojson|stl|html|svg|image|figure)\b.*$/gim;

const FORBIDDEN_TEX = new RegExp(
  '\\\\(?=(?:' +
    'DeclareMathOperator|DeclarePairedDelimiters?|Newextarrow|bbox|class|csname|cssId|data|def|edef|enclose|endcsname|' +
    'expandafter|gdef|global|href|htmlClass|htmlData|htmlId|htmlStyle|html|includegraphics|input|let|mmlToken|' +
    'newcommand|newenvironment|providecommand|renewcommand|renewenvironment|require|style|texttip|toggle|mathtip|' +
    'unicode|url|xdef)(?![A-Za-z]))',
  'g'
);
const WORD_JOINER = '\u2060';

/** Markdown whose fences are code, whatever a renderer would draw from their language. */
export function plainFences(markdown: string): string {
  return markdown.replace(DRAWN_FENCE, '$1$2');
}

/** HTML rebuilt from what is harmless. Parsed in a document of its own, where nothing runs and nothing is fetched. */
export function inertHtml(html: string): string {
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  const clean = document.implementation.createHTMLDocument('');
  rebuild(parsed.body, clean.body, false);
  return clean.body.innerHTML;
}

/** JupyterLab's sanitiser, and then ours. */
export function inertSanitizer(base: IRenderMime.ISanitizer): IRenderMime.ISanitizer {
  return { sanitize: (dirty, options) => inertHtml(base.sanitize(dirty, options)) };
}

function rebuild(from: Node, to: HTMLElement, inCode: boolean): void {
  for (const node of Array.from(from.childNodes)) {
    if (node.nodeType === Node.TEXT_NODE) {
      to.append(words(node.textContent ?? '', inCode));
    } else if (node instanceof Element || node.nodeType === Node.ELEMENT_NODE) {
      element(node as Element, to, inCode);
    }
  }
}

function words(text: string, inCode: boolean): string {
  const shown = text.replace(CONTROL, '');
  return inCode ? shown : shown.replace(FORBIDDEN_TEX, '\\' + WORD_JOINER);
}

function element(source: Element, to: HTMLElement, inCode: boolean): void {
  const name = source.localName;
  if (DROPPED.has(name)) {
    return;
  }
  if (!ELEMENTS.has(name)) {
    rebuild(source, to, inCode);
  } else if (name === 'img') {
    image(source, to);
  } else if (name === 'a') {
    link(source, to, inCode);
  } else {
    const made = to.ownerDocument.createElement(name);
    copyHarmless(source, made);
    rebuild(source, made, inCode || name === 'code' || name === 'pre');
    to.append(made);
  }
}

function copyHarmless(source: Element, made: HTMLElement): void {
  if (made.localName === 'span' || made.localName === 'code') {
    const kept = Array.from(source.classList).filter(name => SYNTAX_CLASS.test(name));
    if (kept.length > 0) {
      made.className = kept.join(' ');
    }
  }
  const start = source.getAttribute('start') ?? '';
  if (made.localName === 'ol' && /^[0-9]{1,9}$/.test(start)) {
    made.setAttribute('start', start);
  }
  const align = source.getAttribute('align') ?? '';
  if ((made.localName === 'td' || made.localName === 'th') && ALIGN.has(align)) {
    made.setAttribute('align', align);
  }
}

/** An image that carries its own data stays one; any other becomes its address in words, fetched by nobody. */
function image(source: Element, to: HTMLElement): void {
  const address = source.getAttribute('src') ?? '';
  const alt = words(source.getAttribute('alt') ?? '', false);
  if (isDataImage(address)) {
    const made = to.ownerDocument.createElement('img');
    made.setAttribute('src', address);
    made.setAttribute('alt', alt);
    to.append(made);
    return;
  }
  const label = alt.trim() ? `image: ${alt}` : 'image';
  if (to.closest('a')) {
    to.append(label);
  } else {
    anchor(to, address, made => made.append(label));
  }
}

function link(source: Element, to: HTMLElement, inCode: boolean): void {
  anchor(to, source.getAttribute('href') ?? '', made => rebuild(source, made, inCode));
}

/** A link whose host can be read; a dead one is its words and its address as code. */
function anchor(to: HTMLElement, address: string, fill: (made: HTMLElement) => void): void {
  const target = webTarget(address);
  const made = to.ownerDocument.createElement(target ? 'a' : 'span');
  to.append(made);
  fill(made);
  if (target === null) {
    if (address) {
      const code = to.ownerDocument.createElement('code');
      code.append(address.slice(0, 300));
      to.append(' (', code, ')');
    }
    return;
  }
  made.setAttribute('href', target.url);
  made.setAttribute('target', '_blank');
  made.setAttribute('rel', 'noopener noreferrer');
  if (target.host && !names(made.textContent ?? '', target.host)) {
    to.append(` (${target.host})`);
  }
}
