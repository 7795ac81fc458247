import { describe, expect, it } from 'vitest';
import { webTarget } from '../src/markdown/allowedAddresses';
import { inertHtml, plainFences } from '../src/markdown/sanitizer';

const PIXEL = 'data:image/png;base64,iVBORw0KGgo=';

describe('inert HTML', () => {
  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<p onclick=alert(1) style="background:url(http://a.example/x)" class="jp-Dialog" id="main">p</p>',
    '<form action="http://a.example"><input name="x"><button>b</button></form>',
    '<svg><image href="http://a.example/x"></image><script>1</script></svg>',
    '<math><mtext><img src="http://a.example/x"></mtext></math>',
    '<iframe srcdoc="<script>1</script>"></iframe><object data="x"></object><embed src="x">',
    '<link rel="stylesheet" href="http://a.example/x"><base href="http://a.example"><meta http-equiv="refresh">',
    '<video src="http://a.example/v" poster="http://a.example/p"></video><audio src="http://a.example/a"></audio>',
    '<a href="javascript:alert(1)">x</a><a href="data:text/html,x">y</a>',
    '<button data-commandlinker-command="x">c</button><span data-commandlinker-command="x">s</span>',
    '<img src="http://a.example/x.png" srcset="http://a.example/y.png 2x">',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>'
  ])('of %s neither acts nor fetches', html => {
    const host = document.createElement('div');
    host.innerHTML = inertHtml(html);
    for (const node of host.querySelectorAll('*')) {
      expect(['P', 'A', 'SPAN', 'CODE', 'IMG']).toContain(node.nodeName);
      for (const attribute of node.attributes) {
        expect(['href', 'target', 'rel', 'src', 'alt', 'class']).toContain(attribute.name);
      }
      expect(node.nodeName).not.toBe('IMG');
      expect(node.getAttribute('href') ?? '').not.toMatch(/^(?:javascript|data):/i);
      expect(node.className).toBe('');
    }
  });

  it('keeps images that carry their own data, and names the others', () => {
    expect(inertHtml(`<img src="${PIXEL}" alt="dot" onload="x">`)).toBe(`<img src="${PIXEL}" alt="dot">`);
    expect(inertHtml('<img src="data:image/svg+xml;base64,AAAA">')).not.toContain('<img');
    const named = inertHtml('<img src="http://a.example/p.png" alt="chart">');
    expect(named).toContain('image: chart');
    expect(named).toContain('(a.example)');
  });

  it('shows the host of a link that its words do not tell', () => {
    expect(inertHtml('<a href="https://a.example/x">your bank</a>')).toContain('</a> (a.example)');
    expect(inertHtml('<a href="https://a.example/x">https://a.example/x</a>')).not.toContain(' (a.example)');
  });

  it('defuses macros that act, in text but not in code', () => {
    expect(inertHtml('<p>$\\href{x}{y}$</p>')).not.toContain('\\href');
    expect(inertHtml('<code>\\href{x}{y}</code>')).toContain('\\href');
    expect(inertHtml('<p>$\\hrefs$</p>')).toContain('\\hrefs');
  });

  it('keeps syntax colours and nothing else of classes', () => {
    expect(inertHtml('<span class="cm-keyword jp-Dialog">if</span>')).toBe('<span class="cm-keyword">if</span>');
  });
});

describe('addresses', () => {
  it.each(['https://a.example/x?y#z', 'mailto:a@b.example', 'notes/plan.md'])('follows %s', address => {
    expect(webTarget(address)).not.toBeNull();
  });

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'https://user:pw@a.example/',
    'https://a.example@b.example/',
    '//a.example/x',
    '/lab?reset',
    '../../x',
    'file:///etc/passwd',
    'https:\\\\a.example',
    'vscode://x'
  ])('does not follow %s', address => {
    expect(webTarget(address)).toBeNull();
  });
});

describe('fences', () => {
  it('lose a language that renderers draw', () => {
    expect(plainFences('```mermaid\ngraph\n```\n> ~~~ svg x\n```python\n```')).toBe(
      '```\ngraph\n```\n> ~~~\n```python\n```'
    );
  });
});
