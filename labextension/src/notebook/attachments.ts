/** What may be attached to a prompt, with the server's own bounds; `protocol/attachments.py` has the same. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Attachment } from '../server/wire';
import { size } from '../text/labels';

export const MAX_ATTACHMENTS = 20;
const MAX_TEXT_BYTES = 256 * 1024;
const MAX_IMAGE_BYTES = 3_750_000;
const MAX_NAME = 200;
const IMAGE_TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]+/gu;

export function textAttachment(name: string, text: string): Attachment {
  return { kind: 'text', name: shortName(name), text };
}

/** An image from base64; null where the type is none that the model can see. */
export function imageAttachment(name: string, mediaType: string, data: string): Attachment | null {
  const bare = data.replace(/\s+/g, '');
  return IMAGE_TYPES.has(mediaType) ? { kind: 'image', name: shortName(name), mediaType, data: bare } : null;
}

export function sizeOf(attachment: Attachment): number {
  return attachment.kind === 'text'
    ? new TextEncoder().encode(attachment.text).length
    : Math.floor((attachment.data.replace(/=+$/, '').length * 3) / 4);
}

/** Why this cannot be attached, in a sentence; "" when it can. */
export function refusal(trans: TranslationBundle, attachment: Attachment): string {
  const bytes = sizeOf(attachment);
  const most = attachment.kind === 'text' ? MAX_TEXT_BYTES : MAX_IMAGE_BYTES;
  if (bytes <= most) {
    return '';
  }
  return trans.__(
    '%1 is %2; at most %3 can be attached. Put it into a file beside the notebook and let the agent read it.',
    attachment.name,
    size(bytes),
    size(most)
  );
}

/** A file of the person's own computer. Raises with a sentence when it is neither text nor an image. */
export async function fileAttachment(trans: TranslationBundle, file: File): Promise<Attachment> {
  if (IMAGE_TYPES.has(file.type)) {
    const made = imageAttachment(file.name || trans.__('image'), file.type, await base64(file));
    if (made) {
      return made;
    }
  }
  if (file.size > MAX_TEXT_BYTES) {
    throw new Error(refusal(trans, { kind: 'text', name: shortName(file.name), text: ' '.repeat(file.size) }));
  }
  const text = new TextDecoder().decode(await file.arrayBuffer());
  if (text.includes('\0')) {
    throw new Error(trans.__('%1 is neither text nor a PNG, JPEG, GIF or WebP image.', file.name));
  }
  return textAttachment(file.name, text);
}

function shortName(name: string): string {
  return name.replace(UNPRINTABLE, ' ').trim().slice(0, MAX_NAME) || '?';
}

async function base64(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (let start = 0; start < bytes.length; start += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  }
  return btoa(text);
}
