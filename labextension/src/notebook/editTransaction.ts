/** One step of edits on a notebook's shared model. */
import type { ISharedCell, ISharedNotebook, SharedCell } from '@jupyter/ydoc';
import type { IAttachments } from '@jupyterlab/nbformat';
import type { JSONObject } from '@lumino/coreutils';

type CellType = 'code' | 'markdown' | 'raw';

/** An edit as the server sends it. `expected` is what it was checked against there. */
export interface Edit {
  op: 'InsertCell' | 'ReplaceSource' | 'MoveCell' | 'DeleteCell' | 'SetCellMetadata' | 'SetOutputs';
  cell_id: string;
  after?: string;
  type?: CellType | null;
  source?: string;
  metadata?: JSONObject;
  attachments?: JSONObject | null;
  values?: JSONObject;
  outputs?: JSONObject[] | null;
  execution_count?: number | null;
  expected?: { type: string; source: string } | null;
}

/** Where a cell goes in an order without it; null for one that stays where it is, or is not there. */
export function placeOf(order: readonly string[], edit: { cell_id: string; after?: string | undefined }): number | null {
  const from = order.indexOf(edit.cell_id);
  const to = behind(order, edit.after);
  if (from < 0 || edit.after === edit.cell_id || to === from || to === from + 1) {
    return null;
  }
  return to > from ? to - 1 : to;
}

/** What an edit does to the order of the cells' ids. */
export function reorder(order: string[], edit: Edit): void {
  const at = order.indexOf(edit.cell_id);
  if (edit.op === 'InsertCell') {
    if (at < 0) {
      order.splice(behind(order, edit.after), 0, edit.cell_id);
    }
  } else if (edit.op === 'DeleteCell') {
    if (at >= 0) {
      order.splice(at, 1);
    }
  } else if (edit.op === 'MoveCell') {
    const to = placeOf(order, edit);
    if (to !== null) {
      order.splice(at, 1);
      order.splice(to, 0, edit.cell_id);
    }
  }
}

function behind(order: readonly string[], after: string | undefined): number {
  return after ? order.indexOf(after) + 1 : 0;
}

/**
 * The cells in the middle of one transaction. The shared model tells of its own changes only at the transaction's end, so
 * the order is kept here.
 */
export class Step {
  private readonly order: string[];
  private readonly cells: Map<string, ISharedCell>;

  constructor(private readonly shared: ISharedNotebook) {
    this.order = shared.cells.map(cell => cell.getId());
    this.cells = new Map(shared.cells.map(cell => [cell.getId(), cell]));
  }

  carryOut(edit: Edit): void {
    const cell = this.cells.get(edit.cell_id);
    if (edit.op === 'InsertCell') {
      if (cell === undefined) {
        const { cell_id: id, source, metadata } = edit;
        const type = edit.type ?? 'code';
        const whole = { id, cell_type: type, source: source ?? '', metadata: metadata ?? {} };
        this.insert(behind(this.order, edit.after), { ...whole, ...attached(type, edit.attachments) });
      }
    } else if (cell === undefined) {
      return; // a deletion carried out again
    } else if (edit.op === 'DeleteCell') {
      this.remove(edit.cell_id);
    } else if (edit.op === 'MoveCell') {
      this.move(cell, edit.after);
    } else if (edit.op === 'SetCellMetadata') {
      setMetadata(cell, edit.values ?? {});
    } else if (edit.op === 'ReplaceSource') {
      this.replace(cell, edit);
    }
  }

  private replace(cell: ISharedCell, edit: Edit): void {
    if (!edit.type || edit.type === cell.cell_type) {
      this.rewrite(cell, edit.source ?? '');
      return;
    }
    const metadata = cell.getMetadata();
    const attachments = edit.attachments ?? attachmentsOf(cell);
    const index = this.remove(edit.cell_id);
    const whole = { id: edit.cell_id, cell_type: edit.type, source: edit.source ?? '', metadata };
    this.insert(index, { ...whole, ...attached(edit.type, attachments) });
  }

  private rewrite(cell: ISharedCell, source: string): void {
    if (!cell.getSource().includes('\r')) {
      splice(cell, source);
      return;
    }
    // An editor counts such an end of line as one character, and would lose its place: it begins anew.
    const id = cell.getId();
    const whole = cell.toJSON();
    this.insert(this.remove(id), { ...whole, id, source });
  }

  private move(cell: ISharedCell, after: string | undefined): void {
    const id = cell.getId();
    if (placeOf(this.order, { cell_id: id, after }) !== null) {
      const whole = cell.toJSON();
      this.remove(id);
      this.insert(behind(this.order, after), { ...whole, id });
    }
  }

  private insert(index: number, whole: SharedCell.Cell & { id: string }): void {
    const made = this.shared.insertCell(index, whole);
    this.order.splice(index, 0, whole.id);
    this.cells.set(whole.id, made);
  }

  private remove(id: string): number {
    const index = this.order.indexOf(id);
    this.shared.deleteCell(index);
    this.order.splice(index, 1);
    this.cells.delete(id);
    return index;
  }
}

/** What a text cell has attached; code has nothing. */
export function attachmentsOf(cell: ISharedCell): JSONObject {
  return (cell.toJSON() as { attachments?: JSONObject }).attachments ?? {};
}

function attached(type: CellType, attachments: JSONObject | null | undefined): { attachments?: IAttachments } {
  const some = attachments !== null && attachments !== undefined && Object.keys(attachments).length > 0;
  return some && type !== 'code' ? { attachments: attachments as unknown as IAttachments } : {};
}

function setMetadata(cell: ISharedCell, values: JSONObject): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined) {
      cell.deleteMetadata(name);
    } else {
      cell.setMetadata(name, value);
    }
  }
}

/** Change only the differing middle, so that the cursor stays where the text did not change. */
function splice(cell: ISharedCell, wanted: string): void {
  const now = cell.getSource();
  if (now === wanted) {
    return;
  }
  const shorter = Math.min(now.length, wanted.length);
  let start = 0;
  while (start < shorter && now[start] === wanted[start]) {
    start++;
  }
  let end = 0;
  while (end < shorter - start && now[now.length - 1 - end] === wanted[wanted.length - 1 - end]) {
    end++;
  }
  cell.updateSource(start, now.length - end, wanted.slice(start, wanted.length - end));
}
