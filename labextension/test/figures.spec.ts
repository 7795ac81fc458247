import { describe, expect, it } from 'vitest';
import { cores, duration, fullness, memory, percent, share, tokens } from '../src/text/numberFormat';
import { stripOutput } from '../src/notebook/stripNotebook';
import { TURN_TYPE } from '../src/tokens';
import type { NotebookInfo } from '../src/server/wire';

const at = (measured: number, cpuSeconds: number | null, sandboxStarted = 100): NotebookInfo =>
  ({ measured, cpuSeconds, sandboxStarted }) as NotebookInfo;

describe('figures', () => {
  it('tells tokens shortly', () => {
    expect([0, 999, 1000, 12_345, 999_499, 999_600, 1_000_000, 1_250_000].map(tokens)).toEqual([
      '0',
      '999',
      '1k',
      '12k',
      '999k',
      '1M',
      '1M',
      '1.3M'
    ]);
  });

  it('never tells more than all, nor less than nothing', () => {
    expect([share(5, 10), share(20, 10), share(-1, 10), share(1, 0)]).toEqual([0.5, 1, 0, 0]);
    expect([0.1, 0.7, 0.9].map(fullness)).toEqual(['low', 'high', 'full']);
    expect(percent(0.125)).toBe('13 %');
  });

  it('tells a length of time in two units', () => {
    expect([-3, 0, 59, 60, 3599, 3600, 7500, 90_000, 172_800].map(duration)).toEqual([
      '0 s',
      '0 s',
      '59 s',
      '1 min',
      '59 min',
      '1 h',
      '2 h 5 min',
      '1 d 1 h',
      '2 d'
    ]);
  });

  it('tells memory', () => {
    expect([0, 118_000_000, 999_600_000, 1_250_000_000].map(memory)).toEqual(['0 MB', '118 MB', '1.0 GB', '1.3 GB']);
  });

  it('makes cores of two looks at one sandbox, and of nothing else', () => {
    expect(cores(at(10, 1), at(12, 2))).toBe(0.5);
    expect(cores(undefined, at(12, 2))).toBeNull();
    expect(cores(at(10, 1), at(10, 2))).toBeNull();
    expect(cores(at(10, null), at(12, 2))).toBeNull();
    expect(cores(at(10, 9, 100), at(12, 1, 200))).toBeNull();
    expect(cores(at(10, 2), at(12, 1))).toBe(0);
  });
});

describe('stripping', () => {
  it('takes our rich form out of an output, and leaves others as they are', () => {
    const other = { output_type: 'stream', name: 'stdout', text: 'hi' };
    expect(stripOutput(other)).toBe(other);
    const plain = { output_type: 'display_data', data: { 'text/plain': 'a' }, metadata: {} };
    expect(stripOutput(plain)).toBe(plain);
    const ours = {
      output_type: 'display_data',
      data: { 'text/plain': 'a', [TURN_TYPE]: { version: 1 } },
      metadata: { agent_host: {}, kept: true }
    };
    expect(stripOutput(ours)).toEqual({ ...plain, metadata: { kept: true } });
    expect(ours.data).toHaveProperty([TURN_TYPE]);
  });
});
