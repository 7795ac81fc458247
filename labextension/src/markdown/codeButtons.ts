/** Buttons on code blocks: copy, and insert as a cell. */

export interface CodeWords {
  copy: string;
  copied: string;
  /** "" where there is no notebook to insert into. */
  insert: string;
}

const SHOWN_MS = 1500;

/** Put a bar of buttons on each code block below `root`; what they do is decided by `codeClick`. */
export function decorateCode(root: HTMLElement, words: CodeWords): void {
  for (const block of Array.from(root.querySelectorAll('pre'))) {
    if (block.closest('.jp-AgentHost-code')) {
      continue;
    }
    const frame = document.createElement('div');
    frame.className = 'jp-AgentHost-code';
    const bar = document.createElement('div');
    bar.className = 'jp-AgentHost-codeBar';
    const language = /(?:^|\s)language-([\w+#.-]+)/.exec(block.querySelector('code')?.className ?? '')?.[1] ?? '';
    const label = document.createElement('span');
    label.textContent = language;
    bar.append(label, button('copy', words.copy), ...(words.insert ? [button('insert', words.insert)] : []));
    block.replaceWith(frame);
    block.tabIndex = 0;
    frame.append(bar, block);
  }
}

function button(act: string, words: string): HTMLButtonElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = 'jp-AgentHost-textButton';
  made.dataset.act = act;
  made.textContent = words;
  return made;
}

/** A click somewhere in the text: carry out what a code block's button says. */
export function codeClick(target: EventTarget | null, words: CodeWords, insert: (code: string) => void): void {
  const pressed = target instanceof Element ? target.closest<HTMLButtonElement>('button[data-act]') : null;
  const code = pressed?.closest('.jp-AgentHost-code')?.querySelector('pre')?.textContent?.replace(/\n$/, '');
  if (!pressed || code === undefined) {
    return;
  }
  if (pressed.dataset.act === 'insert') {
    insert(code);
    return;
  }
  void navigator.clipboard.writeText(code).then(() => {
    pressed.textContent = words.copied;
    setTimeout(() => (pressed.textContent = words.copy), SHOWN_MS);
  });
}
