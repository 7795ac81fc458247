/** Reads and edits one open notebook for the host: through its shared model, each call as one step. */
import type { ICodeCellModel } from '@jupyterlab/cells';
import type { IOutput } from '@jupyterlab/nbformat';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { ISharedCell, ISharedNotebook } from '@jupyter/ydoc';
import type { JSONObject, JSONValue } from '@lumino/coreutils';
import { Step, attachmentsOf, placeOf, reorder } from './editTransaction';
import type { Edit } from './editTransaction';

export type { Edit } from './editTransaction';

/** Why an edit was refused; the codes are those of the server's errors. */
export class Refusal extends Error {
  constructor(
    readonly code: 'cell_missing' | 'cell_changed' | 'cell_busy' | 'notebook_unavailable',
    readonly cellId: string,
    message = ''
  ) {
    super(message);
  }
}

const TYPING_MILLISECONDS = 10_000;
const MAX_TEXT = 4_000_000;
const NOTHING: JSONObject = { outputs: [], attachments: {}, cut: false };
const RICH = ['image/png', 'image/jpeg', 'image/gif', 'image/svg+xml', 'text/html', 'text/markdown', 'text/latex'];

/** Watches one notebook panel for the person's typing, and does what the host asks. */
export class NotebookEdits {
  /** When the person last changed each cell's source, by cell id. */
  private readonly typed = new Map<string, number>();
  /** Whether this very moment changes the notebook for the agent. */
  ours = false;
  /** The cells' texts as the file has them. */
  private saved: string[] = [];
  private readonly done = new Map<string, JSONObject>();

  constructor(private readonly panel: NotebookPanel) {
    panel.content.activeCellChanged.connect(this.watch, this);
    this.watch();
    this.noteSaved();
    panel.context.saveState.connect((_, state) => {
      if (state === 'completed') {
        this.noteSaved();
      }
    });
    panel.context.fileChanged.connect(this.noteSaved, this);
  }

  /** Whether the cells differ from the file; the model counts metadata, too, which pages set by themselves. */
  get edited(): boolean {
    const now = this.texts();
    return now.length !== this.saved.length || now.some((text, index) => text !== this.saved[index]);
  }

  /** The notebook as it is now, with the outputs of these cells. */
  read(outputsOf: readonly string[] = []): JSONObject {
    const model = this.panel.context.model;
    const wanted = new Set(outputsOf);
    const cells: JSONValue[] = [];
    for (const cell of model.cells) {
      const shared = cell.sharedModel;
      const outputs = cell.type === 'code' ? (cell as ICodeCellModel).outputs.toJSON() : [];
      const whole = wanted.has(shared.getId()) ? bounded(outputs, cell.type === 'code' ? {} : attachmentsOf(shared)) : NOTHING;
      cells.push({
        id: shared.getId(),
        cell_type: cell.type,
        source: shared.getSource(),
        metadata: shared.getMetadata() as JSONObject,
        execution_count: cell.type === 'code' ? (cell as ICodeCellModel).executionCount : null,
        execution_state: cell.type === 'code' ? stateOf(cell as ICodeCellModel) : '',
        ...whole,
        output_kinds: [...new Set(outputs.map(kindOf))],
        typing: this.isTyping(shared.getId())
      });
    }
    return { cells, metadata: model.sharedModel.getMetadata() as JSONObject, dirty: this.edited };
  }

  /**
   * All edits in one transaction, or none; an edit that was made already is only answered again. `forPerson`: a person
   * decided on them just now, so that their own typing refuses none.
   */
  edit(editId: string, edits: readonly Edit[], forPerson = false): JSONObject {
    const before = this.done.get(editId);
    if (before !== undefined) {
      return before;
    }
    const shared = this.panel.context.model.sharedModel;
    this.check(shared, edits, forPerson);
    this.ours = true;
    try {
      shared.transact(() => {
        const step = new Step(shared);
        edits.forEach(edit => step.carryOut(edit));
      });
    } finally {
      this.ours = false;
    }
    edits.filter(edit => edit.op === 'SetOutputs').forEach(edit => this.setOutputs(edit));
    const result = this.read();
    this.done.set(editId, result);
    for (const oldest of [...this.done.keys()].slice(0, -4)) {
      this.done.delete(oldest);
    }
    return result;
  }

  private noteSaved(): void {
    this.saved = this.texts();
  }

  private texts(): string[] {
    return this.panel.context.model.sharedModel.cells.map(cell => `${cell.cell_type} ${cell.getSource()}`);
  }

  private watch(): void {
    const cell = this.panel.content.activeCell;
    cell?.model.sharedModel.changed.connect(this.noteChange, this);
  }

  private noteChange(cell: ISharedCell, change: { sourceChange?: unknown }): void {
    const active = this.panel.content.activeCell;
    const mine = active?.model.sharedModel === cell && active.editor?.hasFocus() === true;
    if (change.sourceChange !== undefined && !this.ours && mine) {
      this.typed.set(cell.getId(), Date.now());
    }
  }

  private isTyping(cellId: string): boolean {
    return Date.now() - (this.typed.get(cellId) ?? 0) < TYPING_MILLISECONDS;
  }

  /** Everything that can refuse comes before the first change. */
  private check(shared: ISharedNotebook, edits: readonly Edit[], forPerson: boolean): void {
    const order = shared.cells.map(cell => cell.getId());
    for (const edit of edits) {
      if (edit.after && !order.includes(edit.after)) {
        throw new Refusal('cell_missing', edit.after);
      }
      if (edit.op !== 'InsertCell') {
        if (!forPerson && disturbs(shared, edit, order) && this.isTyping(edit.cell_id)) {
          throw new Refusal('cell_busy', edit.cell_id);
        }
        this.checkCell(shared, edit, order);
      }
      reorder(order, edit);
    }
  }

  private checkCell(shared: ISharedNotebook, edit: Edit, order: readonly string[]): void {
    const cell = cellOf(shared, edit.cell_id);
    if (cell === undefined) {
      if (!order.includes(edit.cell_id) && edit.expected !== null) {
        throw new Refusal('cell_missing', edit.cell_id);
      }
      return;
    }
    if (edit.expected === undefined) {
      return;
    }
    if (edit.expected === null || cell.cell_type !== edit.expected.type || cell.getSource() !== edit.expected.source) {
      throw new Refusal('cell_changed', edit.cell_id);
    }
  }

  private setOutputs(edit: Edit): void {
    for (const cell of this.panel.context.model.cells) {
      if (cell.sharedModel.getId() === edit.cell_id && cell.type === 'code') {
        const code = cell as ICodeCellModel;
        if (edit.outputs) {
          code.outputs.fromJSON(edit.outputs as unknown as IOutput[]);
        }
        code.executionCount = edit.execution_count ?? null;
      }
    }
  }
}

function cellOf(shared: ISharedNotebook, cellId: string): ISharedCell | undefined {
  return shared.cells.find(cell => cell.getId() === cellId);
}

/** Whether an edit reaches under the hands of who types in its cell: a cell moves as a copy, away from the cursor. */
function disturbs(shared: ISharedNotebook, edit: Edit, order: readonly string[]): boolean {
  const cell = cellOf(shared, edit.cell_id);
  switch (edit.op) {
    case 'DeleteCell':
      return true;
    case 'MoveCell':
      return placeOf(order, edit) !== null;
    case 'ReplaceSource':
      return cell !== undefined && (cell.getSource() !== edit.source || (edit.type ?? cell.cell_type) !== cell.cell_type);
    default:
      return false;
  }
}

function stateOf(cell: ICodeCellModel): string {
  return 'executionState' in cell ? String(cell.executionState) : '';
}

function kindOf(output: IOutput): string {
  if (output.output_type === 'stream' || output.output_type === 'error') {
    return output.output_type;
  }
  const types = Object.keys((output['data'] as JSONObject | undefined) ?? {});
  return RICH.find(type => types.includes(type)) ?? types[0] ?? 'nothing';
}

/** Outputs and attachments without texts that are too long for a message; `cut` if there are such. */
function bounded(outputs: readonly IOutput[], attachments: JSONObject): JSONObject {
  let cut = false;
  const text = JSON.stringify({ outputs, attachments }, (_, value: unknown) => {
    const long = typeof value === 'string' && value.length > MAX_TEXT;
    cut ||= long;
    return long ? `[${value.length} characters: too long to show]` : value;
  });
  return { ...(JSON.parse(text) as JSONObject), cut };
}
