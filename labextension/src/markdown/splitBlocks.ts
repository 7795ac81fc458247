/** Where streamed Markdown can be cut, so that finished blocks are read once and only the tail is read again. */

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
/** A line that surely begins a block of its own: no list, quotation, table, rule or indented line. */
const FRESH = /^[^\s\-*+>|0-9=<$\\]/;

/** The end of the last finished block in `text` from `start` on; `start` itself when none is. */
export function safeBreak(text: string, start: number): number {
  let fence = '';
  let math = false;
  let blank = false;
  let found = start;
  for (let at = start; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(at, end);
    const mark = FENCE.exec(line)?.[1] ?? '';
    if (blank && !fence && !math && (mark || FRESH.test(line))) {
      found = at;
    }
    if (fence) {
      fence = mark.startsWith(fence) && line.trim() === mark ? '' : fence;
    } else if (mark) {
      fence = mark;
    } else if ((line.split('$$').length - 1) % 2 === 1) {
      math = !math;
    }
    blank = line.trim() === '';
    at = end + 1;
  }
  return found;
}
