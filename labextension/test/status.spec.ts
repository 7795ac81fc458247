/** When the panel asks the server how a notebook stands, and what it reads from the events themselves. */
import { describe, expect, it } from 'vitest';
import { tellsOfMore, withStates } from '../src/session/notebookAgent';
import type { AgentEvent, EventRecord, NotebookInfo } from '../src/server/wire';

const record = (number: number, event: AgentEvent): EventRecord => ({
  number,
  notebookId: 'n',
  sessionId: 's',
  turnId: 't',
  time: 1,
  event
});
const info = { state: 'idle', lastEvent: 5 } as NotebookInfo;

describe('a warm turn', () => {
  const events: AgentEvent[] = [
    { kind: 'turn_started', prompt: 'x' },
    { kind: 'sandbox_state', state: 'working' },
    { kind: 'text_delta', messageId: 'm', text: 'a' },
    { kind: 'permission_asked', requestId: 'p', toolName: 'Bash' },
    { kind: 'turn_ended', status: 'completed' },
    { kind: 'sandbox_state', state: 'idle' }
  ] as AgentEvent[];
  const records = events.map((event, index) => record(6 + index, event));

  it('asks once, at its end', () => {
    expect(records.filter(tellsOfMore).map(each => each.event.kind)).toEqual(['turn_ended']);
  });

  it('tells its sandbox state itself', () => {
    expect(withStates(info, records.slice(0, 3)).state).toBe('working');
    expect(withStates(info, records).state).toBe('idle');
  });
});

describe('a sandbox', () => {
  it('is asked about when it came or went', () => {
    for (const state of ['ready', 'stopped', 'lost']) {
      expect(tellsOfMore(record(6, { kind: 'sandbox_state', state } as AgentEvent))).toBe(true);
    }
  });

  it('has no state of events that the answer holds already', () => {
    expect(withStates(info, [record(5, { kind: 'sandbox_state', state: 'working' })])).toBe(info);
  });
});
