/** A cell's outputs as attachments. */
import type { IOutput } from '@jupyterlab/nbformat';
import { imageAttachment, textAttachment } from './attachments';
import { isBag } from '../server/readAnswer';
import type { Attachment } from '../server/wire';
import { readable } from '../text/labels';

const IMAGES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/** Texts of one cell as one attachment, and its images, in their order. */
export function outputAttachments(name: string, outputs: readonly IOutput[]): Attachment[] {
  const texts: string[] = [];
  const images: Attachment[] = [];
  for (const output of outputs) {
    const data = isBag(output.data) ? output.data : {};
    const type = IMAGES.find(each => data[each] !== undefined);
    const image = type ? imageAttachment(name, type, joined(data[type])) : null;
    if (image) {
      images.push(image);
    } else {
      texts.push(textOf(output, data));
    }
  }
  const text = readable(texts.filter(each => each).join('\n')).trim();
  return [...(text ? [textAttachment(name, text)] : []), ...images];
}

function textOf(output: IOutput, data: Record<string, unknown>): string {
  if (output.output_type === 'stream') {
    return joined(output.text);
  }
  if (output.output_type === 'error') {
    return Array.isArray(output.traceback) ? output.traceback.map(joined).join('\n') : joined(output.evalue);
  }
  return joined(data['text/plain'] ?? data['text/markdown'] ?? data['text/html']);
}

function joined(value: unknown): string {
  return Array.isArray(value) ? value.map(joined).join('') : typeof value === 'string' ? value : '';
}
