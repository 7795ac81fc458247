import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import { imageAttachment, refusal, textAttachment } from '../src/notebook/attachments';
import { changeOf } from '../src/turns/editArguments';
import { commandIn, slashCommands } from '../src/composer/slashCommands';
import { askedAt } from '../src/composer/mentions';
import { safeBreak } from '../src/markdown/splitBlocks';
import { MarkdownView } from '../src/markdown/growingMarkdown';
import { nestedIn } from '../src/turns/subagentParts';
import { outputAttachments } from '../src/notebook/outputAttachments';
import { questionsOf } from '../src/turns/choiceQuestions';
import { EMPTY, fold, pendingCount, prepend } from '../src/turns/eventReducer';
import { todosOf } from '../src/turns/todoList';
import type { ToolPart } from '../src/turns/turnView';
import type { AgentEvent, EventRecord, Json } from '../src/server/wire';

const trans = nullTranslator.load('test');
let next = 0;

function record(event: AgentEvent, turnId = 't'): EventRecord {
  next += 1;
  return { number: next, notebookId: 'n', sessionId: 's', turnId, time: next, event };
}

function tool(name: string, input: Json, more: Partial<ToolPart> = {}): ToolPart {
  next += 1;
  return { type: 'tool', id: `id${next}`, name, input, parent: '', started: 0, result: null, ...more };
}

describe('a long conversation', () => {
  it('of a hundred thousand events in one turn is folded in a moment', () => {
    const records = Array.from({ length: 50_000 }, (_, at) => [
      record({ kind: 'tool_call', toolUseId: `x${at}`, name: 'Bash' }),
      record({ kind: 'tool_result', toolUseId: `x${at}`, text: 'ok' })
    ]).flat();
    const { turns } = fold(EMPTY, records);
    expect(turns[0]?.parts).toHaveLength(50_000);
    expect(turns[0]?.parts.every(part => part.type === 'tool' && part.result !== null)).toBe(true);
  });

  it('takes earlier turns in front, and no turn twice', () => {
    const [one, two] = [record({ kind: 'turn_started', prompt: 'one' }, 'a'), record({ kind: 'turn_started', prompt: 'two' }, 'b')];
    const late = fold(EMPTY, [two]);
    const whole = prepend(late, [one, two]);
    expect(whole.turns.map(turn => turn.prompt)).toEqual(['one', 'two']);
    expect(whole.turns[1]).toBe(late.turns[0]);
    expect(whole.lastEvent).toBe(late.lastEvent);
  });

  it('counts questions outside of turns', () => {
    const asked = record({ kind: 'permission_asked', requestId: 'r', toolName: 'egress' }, '');
    const open = fold(EMPTY, [asked]);
    expect(pendingCount(open)).toBe(1);
    const settled = record({ kind: 'permission_settled', requestId: 'r', decision: 'allow' }, '');
    expect(pendingCount(fold(open, [settled]))).toBe(0);
  });
});

describe('the to-do list', () => {
  it('follows the calls that keep it', () => {
    const made = (subject: string, id: string): ToolPart =>
      tool('TaskCreate', { subject }, { result: { kind: 'tool_result', toolUseId: 'x', text: `Task #${id} created` } });
    const parts = [made('one', '7'), made('two', '8'), tool('TaskUpdate', { taskId: '8', status: 'in_progress' })];
    expect(todosOf(parts)).toEqual([
      { id: '7', text: 'one', status: 'pending' },
      { id: '8', text: 'two', status: 'in_progress' }
    ]);
    expect(todosOf([...parts, tool('TaskUpdate', { taskId: '7', status: 'deleted' })])).toHaveLength(1);
  });

  it('is read from a whole list, whatever is in it', () => {
    const todos = [{ content: 'a', status: 'completed' }, { content: 'b', status: 'odd' }, 'no todo', null];
    expect(todosOf([tool('TodoWrite', { todos })]).map(todo => todo.status)).toEqual(['completed', 'pending']);
    expect(todosOf([tool('TodoWrite', { todos: 'none' }), tool('TaskUpdate', 'text')])).toEqual([]);
  });
});

describe('nested calls', () => {
  it('stand below their parent; circles and strangers on their own', () => {
    const outer = tool('Agent', null, { id: 'outer' });
    const inner = tool('Bash', null, { parent: 'outer' });
    const nested = nestedIn([tool('A', null, { id: 'a', parent: 'a' }), outer, inner, tool('B', null, { parent: 'unknown' })]);
    expect([...nested.entries()]).toEqual([['outer', [inner]]]);
  });
});

describe('a change', () => {
  it.each([
    ['Edit', { file_path: 'f', old_string: 'a', new_string: 'b' }, { before: 'a', after: 'b' }],
    ['mcp__notebook__edit_cell', { cell_id: 'c', old_source: 'a', new_source: 'b' }, { before: 'a', after: 'b' }],
    ['Write', { file_path: 'f', content: 'b' }, { before: '', after: 'b' }]
  ])('is found in the arguments of %s', (name, input, change) => {
    const found = changeOf(name, input);
    expect(found?.changes).toEqual([change]);
    expect(Object.keys(found?.rest ?? {})).toHaveLength(1);
  });

  it('is not made up', () => {
    expect(changeOf('Bash', { command: 'ls' })).toBeNull();
    expect(changeOf('Edit', { old_string: 1, new_string: 'b' })).toBeNull();
  });
});

describe('questions', () => {
  it('that make no sense are not asked', () => {
    expect(questionsOf([{ question: 1, options: [] }, 'text', null])).toEqual([]);
    expect(questionsOf({})).toEqual([]);
    const [question] = questionsOf([{ question: 'Which?', options: ['a', { label: 'b' }, 3], multiSelect: true }]);
    expect(question?.options.map(option => option.label)).toEqual(['a', 'b']);
    expect(question?.many).toBe(true);
  });
});

describe('streamed Markdown', () => {
  it.each([
    ['One.\n\nTwo', 'One.\n\n'],
    ['One.\n\n- a\n\n- b', ''],
    ['- a\n\n  more of a\n\nTwo', '- a\n\n  more of a\n\n'],
    ['```\ncode\n\nmore', ''],
    ['```\ncode\n```\n\nTwo', '```\ncode\n```\n\n'],
    ['$$\na\n\nb\n$$\n\nTwo', '$$\na\n\nb\n$$\n\n'],
    ['no end', '']
  ])('%j is cut after %j', (text, done) => {
    expect(text.slice(0, safeBreak(text, 0))).toBe(done);
  });

  it('renders each finished block once, and the whole at the end', async () => {
    const host = document.createElement('div');
    const seen: string[] = [];
    const view = new MarkdownView(
      host,
      (into, text) => {
        seen.push(text);
        into.textContent = text;
        return Promise.resolve();
      },
      () => Promise.resolve()
    );
    const whole = 'First.\n\nSecond.\n\nThird.';
    for (let end = 1; end <= whole.length; end++) {
      view.show(whole.slice(0, end), true);
      await new Promise(resolve => setTimeout(resolve, 0));
    }
    await expect.poll(() => host.textContent?.includes('Third.')).toBe(true);
    view.show(whole, false);
    await expect.poll(() => seen.at(-1)).toBe(whole);
    expect(host.textContent).toBe(whole);
    expect(seen.length).toBeLessThan(whole.length);
  });
});

describe('the composer', () => {
  it.each([
    ['ask @', 5, { start: 4, sign: '@', word: '' }],
    ['@data/sal', 9, { start: 0, sign: '@', word: 'data/sal' }],
    ['/mo', 3, { start: 0, sign: '/', word: 'mo' }],
    ['me@home', 7, null],
    ['see /tmp', 8, null]
  ])('in %j at %i sees %j', (text, caret, asked) => {
    expect(askedAt(text, caret)).toEqual(asked);
  });

  it('takes only whole commands for commands', () => {
    const commands = slashCommands(trans);
    expect(commandIn(commands, '/mode plan')?.[1]).toBe('plan');
    expect(commandIn(commands, '/new')?.[0].name).toBe('new');
    expect(commandIn(commands, '/new and improved')).toBeNull();
    expect(commandIn(commands, '/tmp/x is missing')).toBeNull();
  });

  it('refuses what the server would refuse', () => {
    expect(refusal(trans, textAttachment('short', 'x'))).toBe('');
    expect(refusal(trans, textAttachment('long', 'x'.repeat(300_000)))).toContain('beside the notebook');
    expect(imageAttachment('drawing', 'image/svg+xml', 'AAAA')).toBeNull();
    expect(textAttachment('a\u202eb\n', '').name).toBe('a b');
  });

  it('takes text and images out of outputs', () => {
    const found = outputAttachments('output of cell 1', [
      { output_type: 'stream', name: 'stdout', text: ['\u001b[31mred\u001b[0m\n', 'more'] },
      { output_type: 'display_data', data: { 'image/png': 'iVBORw0\nKGgo=', 'text/plain': '<Figure>' }, metadata: {} },
      { output_type: 'error', ename: 'E', evalue: 'v', traceback: ['line 1', 'line 2'] }
    ]);
    expect(found).toEqual([
      { kind: 'text', name: 'output of cell 1', text: 'red\nmore\nline 1\nline 2' },
      { kind: 'image', name: 'output of cell 1', mediaType: 'image/png', data: 'iVBORw0KGgo=' }
    ]);
  });
});
