/** Markdown that grows: shown as it comes, at a pace that leaves the page its time. */
import { safeBreak } from './splitBlocks';

const LEAST_PAUSE_MS = 60;
/** After a rendering the page has at least this many times as long for everything else. */
const REST = 3;

export type Render = (into: HTMLElement, markdown: string) => Promise<void>;

/** Fills one element. One rendering at a time, and always the newest text last; words that are there never flicker. */
export class MarkdownView {
  constructor(
    private readonly node: HTMLElement,
    private readonly render: Render,
    /** What needs the words to be in the page: formulas are measured. */
    private readonly settle: (node: HTMLElement) => Promise<void>
  ) {}

  dispose(): void {
    this.disposed = true;
  }

  /** `open`: more may follow, so that finished blocks are kept and the tail alone is rendered again. */
  show(text: string, open: boolean): void {
    this.text = text;
    this.open = open;
    if (!this.running) {
      this.running = true;
      this.run()
        .catch((error: unknown) => {
          this.node.textContent = this.text;
          console.error('agent: Markdown was not rendered', error);
        })
        .finally(() => {
          this.running = false;
        });
    }
  }

  private async run(): Promise<void> {
    while (!this.disposed && (this.shown !== this.text || this.shownOpen !== this.open)) {
      const { text, open } = this;
      const began = performance.now();
      await (open ? this.grow(text) : this.whole(text));
      this.shown = text;
      this.shownOpen = open;
      if (this.open && open) {
        await new Promise(resolve => setTimeout(resolve, Math.max(LEAST_PAUSE_MS, REST * (performance.now() - began))));
      }
    }
  }

  private async grow(text: string): Promise<void> {
    if (this.tail === null || !text.startsWith(this.done)) {
      this.done = '';
      this.tail = document.createElement('div');
      this.node.replaceChildren(this.tail);
    }
    const cut = safeBreak(text, this.done.length);
    if (cut > this.done.length) {
      const block = document.createElement('div');
      block.append(...(await this.rendered(text.slice(this.done.length, cut))));
      this.tail.before(block);
      await this.settle(block);
      this.done = text.slice(0, cut);
    }
    this.tail.replaceChildren(...(await this.rendered(text.slice(cut))));
    await this.settle(this.tail);
  }

  /** Finished text is read in one piece: a reference may be defined anywhere in it. */
  private async whole(text: string): Promise<void> {
    const nodes = await this.rendered(text);
    this.tail = null;
    this.done = '';
    this.node.replaceChildren(...nodes);
    await this.settle(this.node);
  }

  private async rendered(markdown: string): Promise<Node[]> {
    if (!markdown.trim()) {
      return [];
    }
    const aside = document.createElement('div');
    await this.render(aside, markdown);
    return Array.from(aside.childNodes);
  }

  private text = '';
  private open = false;
  private shown: string | null = null;
  private shownOpen = false;
  private done = '';
  private tail: HTMLElement | null = null;
  private running = false;
  private disposed = false;
}
