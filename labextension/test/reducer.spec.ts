import { describe, expect, it } from 'vitest';
import { EMPTY, fold } from '../src/turns/eventReducer';
import { mergeFiles, pendingOf } from '../src/turns/turnView';
import type { TurnView } from '../src/turns/turnView';
import { readRecord } from '../src/server/readAnswer';
import type { AgentEvent, EventRecord } from '../src/server/wire';

let next = 0;

function record(event: AgentEvent, turnId = 't'): EventRecord {
  next += 1;
  return { number: next, notebookId: 'n', sessionId: 's', turnId, time: next, event };
}

function only(records: EventRecord[]): TurnView {
  const { turns } = fold(EMPTY, records);
  expect(turns).toHaveLength(1);
  return turns[0] as TurnView;
}

function texts(view: TurnView): string[] {
  return view.parts.flatMap(part => (part.type === 'text' ? [part.text] : []));
}

const say = (text: string, messageId = 'm'): EventRecord => record({ kind: 'text_delta', messageId, text });

describe('a turn', () => {
  it('appends deltas and lets the finished block replace them', () => {
    const view = only([
      say('Hel'),
      say('lo'),
      record({ kind: 'assistant_text', messageId: 'm', text: 'Hello.', blockIndex: 0 }),
      say('More')
    ]);
    expect(texts(view)).toEqual(['Hello.', 'More']);
  });

  it('takes the text and the thoughts of a broken attempt back, and nothing else', () => {
    const view = only([
      say('kept', 'a'),
      record({ kind: 'thinking_delta', messageId: 'b', text: 'hm' }),
      say('broken', 'b'),
      record({ kind: 'attempt_discarded', messageId: 'b' }),
      say('again', 'c')
    ]);
    expect(texts(view)).toEqual(['kept', 'again']);
    expect(view.parts.some(part => part.type === 'thinking')).toBe(false);
  });

  it('tells the newest of several attempts alone', () => {
    const retry = (text: string): EventRecord => record({ kind: 'notice', level: 'info', code: 'retrying', text });
    const notices = (view: TurnView): string[] => view.parts.flatMap(part => (part.type === 'notice' ? [part.text] : []));
    expect(notices(only([retry('1 of 10'), retry('2 of 10')]))).toEqual(['2 of 10']);
    expect(notices(only([retry('1 of 10'), say('an answer'), retry('1 of 10')]))).toEqual(['1 of 10', '1 of 10']);
  });

  it('joins results to calls, also when the result comes first', () => {
    const view = only([
      record({ kind: 'tool_result', toolUseId: 'x', text: 'late' }),
      record({ kind: 'tool_call', toolUseId: 'x', name: 'Bash', input: { command: 'ls' } })
    ]);
    expect(view.parts).toMatchObject([{ type: 'tool', name: 'Bash', result: { text: 'late' } }]);
  });

  it('asks once, and the first decision counts', () => {
    const asked: AgentEvent = { kind: 'permission_asked', requestId: 'r', toolName: 'Write' };
    const settled = (decision: 'allow' | 'deny'): EventRecord =>
      record({ kind: 'permission_settled', requestId: 'r', decision });
    const open = only([record(asked), record(asked)]);
    expect(pendingOf(open)).toHaveLength(1);
    const done = only([record(asked), settled('deny'), settled('allow')]);
    expect(pendingOf(done)).toHaveLength(0);
    expect(done.parts).toMatchObject([{ settled: { decision: 'deny' } }]);
  });

  it('shows what it does not know as a notice', () => {
    const line = JSON.stringify({ number: 1, turnId: 't', event: { kind: 'from_the_future', x: 1 } });
    const read = readRecord(line);
    expect(only(read ? [read] : []).parts).toMatchObject([{ type: 'notice', text: 'from_the_future' }]);
  });

  it('lets its own text stand in where no words came through', () => {
    expect(texts(only([record({ kind: 'turn_ended', status: 'completed', text: 'All.' })]))).toEqual(['All.']);
  });
});

describe('a conversation', () => {
  it('shows neither gaps nor doubles when events are repeated', () => {
    const records = [say('a'), say('b'), say('c')];
    const once = fold(EMPTY, records);
    const again = fold(fold(EMPTY, records.slice(0, 2)), records);
    expect(again).toEqual(once);
    expect(fold(once, records)).toEqual(once);
  });

  it('keeps turns apart and leaves finished ones as they are', () => {
    const first = fold(EMPTY, [record({ kind: 'turn_started', prompt: 'one' }, 'a')]);
    const both = fold(first, [record({ kind: 'turn_started', prompt: 'two' }, 'b')]);
    expect(both.turns.map(turn => turn.prompt)).toEqual(['one', 'two']);
    expect(both.turns[0]).toBe(first.turns[0]);
  });
});

describe('files', () => {
  it.each([
    ['created', 'modified', 'created'],
    ['created', 'deleted', undefined],
    ['deleted', 'created', 'modified'],
    ['modified', 'deleted', 'deleted']
  ] as const)('%s then %s is %s', (before, after, result) => {
    const merged = mergeFiles([{ path: 'p', action: before }], [{ path: 'p', action: after }]);
    expect(merged[0]?.action).toBe(result);
  });
});

describe('a record', () => {
  it.each(['', 'null', '[]', '{"number":"1"}', '{"number":1}'])('is not read from %j', text => {
    expect(readRecord(text)).toBeNull();
  });

  it('of a known kind without its fields is shown as unknown', () => {
    const read = readRecord('{"number":1,"event":{"kind":"files_changed","files":"no list"}}');
    expect(read?.event).toEqual({ kind: 'unknown', name: 'files_changed' });
  });
});
