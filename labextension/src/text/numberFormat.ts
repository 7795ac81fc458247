/** Figures for people: pure, so that they can be tested. Languages are the browser's. */
import type { NotebookInfo } from '../server/wire';

/** 950, 12k, 1.2M. */
export function tokens(count: number): string {
  if (count < 1000) {
    return String(Math.max(0, Math.round(count)));
  }
  return count < 999_500 ? `${Math.round(count / 1000)}k` : `${(count / 1_000_000).toFixed(1).replace(/\.0$/, '')}M`;
}

/** 0 to 1; 0 where nothing is known. */
export function share(part: number, whole: number): number {
  return whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0;
}

export type Fullness = 'low' | 'high' | 'full';

export function fullness(part: number): Fullness {
  return part >= 0.9 ? 'full' : part >= 0.7 ? 'high' : 'low';
}

export function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

/** A length of time in its two largest units: 45 s, 3 min, 2 h 5 min, 3 d 4 h. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) {
    return `${whole} s`;
  }
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) {
    return `${minutes} min`;
  }
  const hours = Math.floor(minutes / 60);
  if (hours < 24) {
    return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  }
  return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${Math.floor(hours / 24)} d`;
}

/** Bytes as memory is told: 118 MB, 1.2 GB. */
export function memory(bytes: number): string {
  return bytes < 999_500_000 ? `${Math.round(bytes / 1_000_000)} MB` : `${(bytes / 1_000_000_000).toFixed(1)} GB`;
}

/** Cores in use between two looks at one sandbox; null while that cannot be known. */
export function cores(before: NotebookInfo | undefined, now: NotebookInfo): number | null {
  if (
    before === undefined ||
    before.cpuSeconds === null ||
    now.cpuSeconds === null ||
    before.sandboxStarted !== now.sandboxStarted ||
    now.measured <= before.measured
  ) {
    return null;
  }
  return Math.max(0, (now.cpuSeconds - before.cpuSeconds) / (now.measured - before.measured));
}

/** Whether there is a sandbox to stop and to measure. */
export function hasSandbox(info: NotebookInfo): boolean {
  return info.sandboxStarted !== null;
}
