/** The open notebook beside an agent: what can be attached from it, and where code goes. */
import { PathExt } from '@jupyterlab/coreutils';
import type { CodeCell } from '@jupyterlab/cells';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import { FileDialog } from '@jupyterlab/filebrowser';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { imageAttachment, textAttachment } from './attachments';
import { outputAttachments } from './outputAttachments';
import { isBag } from '../server/readAnswer';
import type { CellSummary, INotebookSide } from '../tokens';
import type { Attachment } from '../server/wire';
import { readable } from '../text/labels';

const KERNEL_WAIT_MS = 30_000;
const MOST_OFFERED = 50;
/** What the completer calls a name that a person made, as opposed to a keyword, a magic or a module's attribute. */
const NOT_VARIABLES = new Set(['keyword', 'magic', 'path']);

const UNKNOWN = '<unknown>';

export class NotebookSide implements INotebookSide {
  constructor(
    private readonly panel: NotebookPanel,
    private readonly documents: IDocumentManager,
    private readonly trans: TranslationBundle
  ) {}

  get cells(): readonly CellSummary[] {
    return this.panel.content.widgets.map((cell, index) => ({
      id: cell.model.id,
      number: index + 1,
      type: cell.model.type,
      firstLine: cell.model.sharedModel.getSource().trim().split('\n')[0] ?? '',
      hasOutput: cell.model.type === 'code' && (cell as CodeCell).model.outputs.length > 0
    }));
  }

  selected(): Attachment[] {
    const notebook = this.panel.content;
    return notebook.widgets.flatMap(cell => (notebook.isSelectedOrActive(cell) ? this.source(cell.model.id) : []));
  }

  source(cellId: string): Attachment[] {
    const index = this.indexOf(cellId);
    const cell = this.panel.content.widgets[index];
    const text = cell?.model.sharedModel.getSource() ?? '';
    return text.trim() ? [textAttachment(`cell ${index + 1} (${cell?.model.type}, id ${cellId})`, text)] : [];
  }

  output(cellId?: string): Attachment[] {
    const index = cellId === undefined ? this.panel.content.activeCellIndex : this.indexOf(cellId);
    const cell = this.panel.content.widgets[index];
    if (cell?.model.type !== 'code') {
      return [];
    }
    return outputAttachments(`output of cell ${index + 1}`, (cell as CodeCell).model.outputs.toJSON());
  }

  insertCell(source: string): void {
    const notebook = this.panel.content;
    const shared = notebook.model?.sharedModel;
    if (shared) {
      const index = notebook.activeCellIndex + 1;
      shared.insertCell(index, { cell_type: 'code', source, metadata: { trusted: true } });
      notebook.activeCellIndex = index;
      void notebook.scrollToItem(index);
    }
  }

  async variables(prefix: string): Promise<string[]> {
    const kernel = /^[A-Za-z_]\w*$/.test(prefix) ? await this.idleKernel() : null;
    if (kernel === null) {
      return [];
    }
    const reply = await this.ask(kernel.requestComplete({ code: prefix, cursor_pos: prefix.length }));
    if (reply?.content.status !== 'ok') {
      return [];
    }
    const { matches, metadata } = reply.content;
    const types = new Map<string, string>();
    const told: unknown = metadata._jupyter_types_experimental;
    for (const each of Array.isArray(told) ? (told as unknown[]) : []) {
      if (isBag(each) && typeof each.text === 'string' && typeof each.type === 'string') {
        types.set(each.text, each.type);
      }
    }
    // Where the completer knows types, what it does not know is built in.
    const knows = [...types.values()].some(type => type !== UNKNOWN);
    return matches
      .filter(name => /^[A-Za-z_]\w*$/.test(name) && !NOT_VARIABLES.has(types.get(name) ?? ''))
      .filter(name => !knows || types.get(name) !== UNKNOWN)
      .slice(0, MOST_OFFERED);
  }

  async variable(name: string): Promise<Attachment | null> {
    const kernel = await this.idleKernel();
    const asked = kernel?.requestInspect({ code: name, cursor_pos: name.length, detail_level: 0 });
    const reply = asked ? await this.ask(asked) : null;
    if (reply?.content.status !== 'ok' || !reply.content.found) {
      return null;
    }
    const text = reply.content.data['text/plain'];
    return typeof text === 'string' ? textAttachment(`variable ${name}`, readable(text)) : null;
  }

  async files(prefix: string): Promise<string[]> {
    const folder = prefix.includes('/') ? prefix.slice(0, prefix.lastIndexOf('/') + 1) : '';
    if (folder.split('/').some(part => part === '..')) {
      return [];
    }
    const here = PathExt.join(this.folder, folder);
    const listed = await this.documents.services.contents.get(here, { content: true });
    const entries: unknown[] = Array.isArray(listed.content) ? listed.content : [];
    return entries
      .flatMap(entry => (isBag(entry) && typeof entry.name === 'string' ? [{ name: entry.name, type: entry.type }] : []))
      .map(entry => `${folder}${entry.name}${entry.type === 'directory' ? '/' : ''}`)
      .filter(path => path.toLowerCase().startsWith(prefix.toLowerCase()))
      .sort()
      .slice(0, MOST_OFFERED);
  }

  async file(path: string): Promise<Attachment> {
    const model = await this.documents.services.contents.get(path, { content: true, type: 'file' });
    const content: unknown = model.content;
    const name = PathExt.relative(this.folder, path) || model.name;
    const image =
      model.format === 'base64' && typeof content === 'string' ? imageAttachment(name, model.mimetype, content) : null;
    if (image) {
      return image;
    }
    const text = typeof content === 'string' ? content : JSON.stringify(content, null, 1);
    // The server calls text whatever can be decoded as such.
    if (model.format === 'base64' || text.includes('\0')) {
      throw new Error(this.trans.__('%1 is neither text nor a PNG, JPEG, GIF or WebP image.', name));
    }
    return textAttachment(name, text);
  }

  async pickFiles(title: string): Promise<string[]> {
    const picked = await FileDialog.getOpenFiles({ manager: this.documents, title, defaultPath: this.folder });
    return picked.button.accept ? (picked.value ?? []).map(model => model.path) : [];
  }

  private get folder(): string {
    return PathExt.dirname(this.panel.context.localPath);
  }

  private indexOf(cellId: string): number {
    return this.panel.content.widgets.findIndex(cell => cell.model.id === cellId);
  }

  /** A kernel that runs a cell would answer only when it is done: waits a while for that, then does without it. */
  private async idleKernel(): Promise<Kernel.IKernelConnection | null> {
    const kernel = this.panel.sessionContext.session?.kernel ?? null;
    if (kernel === null || this.asked > 0) {
      return kernel; // one that answers us is soon free again
    }
    return (await becomesIdle(kernel)) ? kernel : null;
  }

  private async ask<T>(answer: Promise<T>): Promise<T | null> {
    this.asked += 1;
    const late = new Promise<null>(resolve => setTimeout(() => resolve(null), KERNEL_WAIT_MS));
    try {
      return await Promise.race([answer.catch(() => null), late]);
    } finally {
      this.asked -= 1;
    }
  }

  private asked = 0;
}

function becomesIdle(kernel: Kernel.IKernelConnection): Promise<boolean> {
  return new Promise(resolve => {
    const look = (): void => {
      if (kernel.status === 'idle') {
        done(true);
      }
    };
    const done = (idle: boolean): void => {
      clearTimeout(late);
      kernel.statusChanged.disconnect(look);
      resolve(idle);
    };
    const late = setTimeout(() => done(false), KERNEL_WAIT_MS);
    kernel.statusChanged.connect(look);
    look();
  });
}
