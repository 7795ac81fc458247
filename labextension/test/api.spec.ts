import { ServerConnection } from '@jupyterlab/services';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentApi } from '../src/server/api';
import { Following } from '../src/server/eventSubscription';
import { AgentError } from '../src/server/readAnswer';
import type { EventRecord } from '../src/server/wire';

/** The part of a WebSocket that the code under test uses, driven by hand. */
class Line {
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  closed = false;

  close(): void {
    this.closed = true;
  }

  send(number: number): void {
    const event = { kind: 'text_delta', messageId: 'm', text: String(number) };
    this.onmessage?.({ data: JSON.stringify({ number, turnId: 't', event }) });
  }
}

describe('following', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function start(): { lines: Line[]; asked: number[]; seen: EventRecord[]; errors: Error[]; states: boolean[]; it: Following } {
    const lines: Line[] = [];
    const asked: number[] = [];
    const seen: EventRecord[] = [];
    const errors: Error[] = [];
    const states: boolean[] = [];
    const connect = (after: number): WebSocket => {
      asked.push(after);
      const line = new Line();
      lines.push(line);
      return line as unknown as WebSocket;
    };
    const follower = {
      received: (records: readonly EventRecord[]) => void seen.push(...records),
      connected: (is: boolean) => void states.push(is),
      failed: (error: Error) => void errors.push(error)
    };
    return { lines, asked, seen, errors, states, it: new Following(connect, 0, follower) };
  }

  it('asks after a loss for what it missed, and drops what it has', () => {
    const { lines, asked, seen, states } = start();
    lines[0]?.onopen?.();
    [1, 2, 3].forEach(number => lines[0]?.send(number));
    lines[0]?.onclose?.();
    vi.advanceTimersByTime(1000);
    expect(asked).toEqual([0, 3]);
    lines[1]?.onopen?.();
    [2, 3, 4].forEach(number => lines[1]?.send(number));
    vi.advanceTimersByTime(100);
    expect(seen.map(record => record.number)).toEqual([1, 2, 3, 4]);
    expect(states).toEqual([true, false, true]);
  });

  it('waits longer after each failure, at most fifteen seconds, and stops when disposed', () => {
    const { lines, it: following } = start();
    for (let tries = 1; tries < 12; tries++) {
      lines.at(-1)?.onclose?.();
      vi.advanceTimersByTime(15_000);
      expect(lines).toHaveLength(tries + 1);
    }
    lines.at(-1)?.onclose?.();
    vi.advanceTimersByTime(7000);
    const before = lines.length;
    following.dispose();
    vi.advanceTimersByTime(60_000);
    expect(lines).toHaveLength(before);
  });

  it('hands a refusal on as a sentence', () => {
    const { lines, errors, seen } = start();
    lines[0]?.onmessage?.({ data: '{"code":"unknown_notebook","message":"Nobody knows it."}' });
    lines[0]?.onmessage?.({ data: 'not json' });
    vi.advanceTimersByTime(100);
    expect(errors.map(error => error.message)).toEqual(['Nobody knows it.']);
    expect(seen).toEqual([]);
  });
});

describe('requests', () => {
  function api(answer: Response): { made: AgentApi; asked: Request[] } {
    const asked: Request[] = [];
    const settings = ServerConnection.makeSettings({
      baseUrl: 'http://jupyter.test/base/',
      fetch: input => {
        asked.push(input as Request);
        return Promise.resolve(answer);
      }
    });
    return { made: new AgentApi(settings), asked };
  }

  it('go below the base address, and only to it', async () => {
    const { made, asked } = api(new Response('{"ok":true}'));
    await made.call('id', 'interrupt');
    // JupyterLab adds the time, so that nothing is taken from a cache.
    expect(asked[0]?.url.split('?')[0]).toBe('http://jupyter.test/base/agent-host/notebooks/id/interrupt');
    expect(asked[0]?.method).toBe('POST');
  });

  it('fail with the sentence of the server', async () => {
    const { made } = api(new Response('{"code":"busy","message":"It works.","retryable":true}', { status: 409 }));
    await expect(made.open('a.ipynb')).rejects.toEqual(new AgentError('busy', 'It works.', true));
  });

  it('fail with the status where the server says nothing', async () => {
    const { made } = api(new Response('<html>', { status: 502, statusText: 'Bad Gateway' }));
    await expect(made.open('a.ipynb')).rejects.toThrow('502 Bad Gateway');
  });
});
