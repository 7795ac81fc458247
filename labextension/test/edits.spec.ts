/** Edits of an open notebook: refused as a whole, or made as one step; the person's typing wins. */
import { YNotebook } from '@jupyter/ydoc';
import { beforeEach, describe, expect, it } from 'vitest';
import { NotebookEdits, Refusal } from '../src/notebook/notebookEdits';

function signal(): { connect: () => boolean } {
  return { connect: () => true };
}

/** As much of a panel as is read; the shared model is the real one. */
function panelOf(shared: YNotebook, focused: { id: string }): never {
  const model = {
    sharedModel: shared,
    get cells() {
      return shared.cells.map(sharedModel => ({ type: 'raw', sharedModel }));
    }
  };
  const content = {
    activeCellChanged: signal(),
    get activeCell() {
      const sharedModel = shared.cells.find(cell => cell.getId() === focused.id);
      return sharedModel && { model: { sharedModel }, editor: { hasFocus: () => true } };
    }
  };
  return { content, context: { model, saveState: signal(), fileChanged: signal() } } as never;
}

function refusalOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return null;
}

describe('edits', () => {
  let shared: YNotebook;
  let edits: NotebookEdits;
  const expected = (index: number): { type: string; source: string } => ({
    type: shared.getCell(index).cell_type,
    source: shared.getCell(index).getSource()
  });
  const sources = (): string[] => shared.cells.map(cell => cell.getSource());

  beforeEach(() => {
    shared = YNotebook.create();
    shared.insertCells(
      0,
      ['one', 'two', 'three'].map((source, index) => ({ id: `c${index}`, cell_type: 'raw', source, metadata: {} }))
    );
    edits = new NotebookEdits(panelOf(shared, { id: 'c0' }));
  });

  it('does all of a step, and once', () => {
    const step = [
      { op: 'ReplaceSource' as const, cell_id: 'c1', source: 'two!', expected: expected(1) },
      { op: 'InsertCell' as const, cell_id: 'n', after: 'c1', type: 'raw' as const, source: 'new' },
      { op: 'MoveCell' as const, cell_id: 'c2', after: '' },
      { op: 'SetCellMetadata' as const, cell_id: 'c0', values: { tags: ['x'] } }
    ];
    edits.edit('e', step);
    edits.edit('e', step);
    expect(sources()).toEqual(['three', 'one', 'two!', 'new']);
    expect(shared.getCell(1).getMetadata('tags')).toEqual(['x']);
    expect(edits.edited).toBe(true);
  });

  it('does nothing of a step of which a part is refused', () => {
    const step = [
      { op: 'DeleteCell' as const, cell_id: 'c2', expected: expected(2) },
      { op: 'ReplaceSource' as const, cell_id: 'c1', source: 'x', expected: { type: 'raw', source: 'older' } }
    ];
    expect(() => edits.edit('e', step)).toThrowError(Refusal);
    expect(sources()).toEqual(['one', 'two', 'three']);
    expect(edits.edited).toBe(false);
  });

  it('leaves a cell alone in which the person types, but not its neighbours', () => {
    shared.getCell(0).setSource('one, typed');
    const typed = { op: 'ReplaceSource' as const, cell_id: 'c0', source: 'gone', expected: expected(0) };
    expect(refusalOf(() => edits.edit('e', [typed]))).toMatchObject({ code: 'cell_busy' });
    edits.edit('f', [{ op: 'ReplaceSource', cell_id: 'c1', source: 'mine', expected: expected(1) }]);
    expect(sources()).toEqual(['one, typed', 'mine', 'three']);
    const other = { op: 'ReplaceSource' as const, cell_id: 'c0', source: 'one, typed', type: 'markdown' as const };
    expect(refusalOf(() => edits.edit('g', [{ ...other, expected: expected(0) }]))).toMatchObject({ code: 'cell_busy' });
    const moves = [
      { op: 'MoveCell' as const, cell_id: 'c2', after: '' },
      { op: 'MoveCell' as const, cell_id: 'c0', after: 'c2' }
    ];
    edits.edit('h', moves);
    expect(sources()).toEqual(['three', 'one, typed', 'mine']);
    const last = { op: 'MoveCell' as const, cell_id: 'c0', after: 'c1' };
    expect(refusalOf(() => edits.edit('i', [last]))).toMatchObject({ code: 'cell_busy' });
    edits.edit('j', [last, { ...typed, expected: expected(1) }], true);
    expect(sources()).toEqual(['three', 'mine', 'gone']);
  });

  it('names a cell that is gone', () => {
    const insert = { op: 'InsertCell' as const, cell_id: 'n', after: 'gone', type: 'raw' as const, source: '' };
    expect(refusalOf(() => edits.edit('e', [insert]))).toMatchObject({ code: 'cell_missing', cellId: 'gone' });
  });
});
