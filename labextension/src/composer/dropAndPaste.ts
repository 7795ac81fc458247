/** Things dragged or pasted into the composer: files, images, cells. */
import type { ICell } from '@jupyterlab/nbformat';
import type { Drag } from '@lumino/dragdrop';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState } from 'react';
import { fileAttachment, imageAttachment, textAttachment } from '../notebook/attachments';
import { isBag } from '../server/readAnswer';
import type { INotebookSide } from '../tokens';
import type { Attachment } from '../server/wire';

/** What JupyterLab's file browser and notebook put into a drag. */
const FILES = 'application/x-jupyter-icontents';
const CELLS = 'application/vnd.jupyter.cells';
const DATA_IMAGE = /^data:(image\/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/=]+)$/;

/** Kinds of a page's drag that may hold something for us; what exactly is told only at the drop. */
const OURS = new Set(['Files', 'text/html']);

type Take = (found: Promise<Attachment[]>) => void;

/** Take what is dropped on `node`; whether something is held over it. */
export function useDrop(node: HTMLElement | null, trans: TranslationBundle, notebook: INotebookSide, take: Take): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (node === null) {
      return;
    }
    const onDrag = (event: Event): void => {
      const drag = event as Drag.Event;
      if (!drag.mimeData.hasData(FILES) && !drag.mimeData.hasData(CELLS)) {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
      setOver(event.type === 'lm-dragenter' || event.type === 'lm-dragover');
      if (event.type === 'lm-dragover') {
        drag.dropAction = drag.proposedAction;
      } else if (event.type === 'lm-drop') {
        // Nothing is moved away: the cells stay in their notebook.
        drag.dropAction = 'none';
        take(fromLab(drag, notebook));
      }
    };
    const onNative = (event: DragEvent): void => {
      const data = event.dataTransfer;
      const ours = data !== null && (event.type === 'drop' ? holds(data) : data.types.some(type => OURS.has(type)));
      setOver(ours && event.type === 'dragover');
      // What is only words goes into the text, as everywhere.
      if (ours && event.type !== 'dragleave') {
        event.preventDefault();
        if (event.type === 'drop') {
          take(fromPage(trans, data));
        }
      }
    };
    const lab = ['lm-dragenter', 'lm-dragover', 'lm-dragleave', 'lm-drop'];
    const native = ['dragover', 'dragleave', 'drop'] as const;
    lab.forEach(name => node.addEventListener(name, onDrag));
    native.forEach(name => node.addEventListener(name, onNative));
    return () => {
      lab.forEach(name => node.removeEventListener(name, onDrag));
      native.forEach(name => node.removeEventListener(name, onNative));
    };
  }, [node, trans, notebook, take]);
  return over;
}

async function fromLab(drag: Drag.Event, notebook: INotebookSide): Promise<Attachment[]> {
  const paths: unknown = drag.mimeData.getData(FILES);
  if (Array.isArray(paths)) {
    return Promise.all(paths.filter(path => typeof path === 'string').map(path => notebook.file(path)));
  }
  const cells: unknown = drag.mimeData.getData(CELLS);
  return (Array.isArray(cells) ? (cells as ICell[]) : []).flatMap(cell => {
    const id = isBag(cell) && typeof cell.id === 'string' ? cell.id : '';
    const known = id ? notebook.source(id) : [];
    const source = Array.isArray(cell.source) ? cell.source.join('') : cell.source;
    return known.length > 0 ? known : [textAttachment('cell', source)];
  });
}

/** Files of the computer; an image dragged out of an output. */
export async function fromPage(trans: TranslationBundle, data: DataTransfer): Promise<Attachment[]> {
  const files = Array.from(data.files);
  if (files.length > 0) {
    return Promise.all(files.map(file => fileAttachment(trans, file)));
  }
  const [, type, content] = imageIn(data) ?? [];
  const image = type && content ? imageAttachment(trans.__('image'), type, content) : null;
  return image ? [image] : [];
}

function holds(data: DataTransfer): boolean {
  return data.files.length > 0 || imageIn(data) !== null;
}

/** Parsed, never shown: a page's image may be dragged from anywhere. */
function imageIn(data: DataTransfer): RegExpExecArray | null {
  const page = new DOMParser().parseFromString(data.getData('text/html'), 'text/html');
  return DATA_IMAGE.exec(page.querySelector('img')?.getAttribute('src') ?? '');
}
