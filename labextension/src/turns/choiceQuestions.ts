/** The agent's own multiple-choice questions, read tolerantly. */
import { isBag } from '../server/readAnswer';
import type { Json } from '../server/wire';

export interface Question {
  question: string;
  header: string;
  options: { label: string; description: string }[];
  many: boolean;
}

/** Questions that can be asked; they come from inside a sandbox. */
export function questionsOf(value: Json | undefined): Question[] {
  if (!Array.isArray(value)) {
    return [];
  }
  return value.flatMap(each => {
    if (!isBag(each) || typeof each.question !== 'string' || !Array.isArray(each.options)) {
      return [];
    }
    const options = (each.options as unknown[]).flatMap(option =>
      typeof option === 'string'
        ? [{ label: option, description: '' }]
        : isBag(option) && typeof option.label === 'string'
          ? [{ label: option.label, description: typeof option.description === 'string' ? option.description : '' }]
          : []
    );
    const header = typeof each.header === 'string' ? each.header : '';
    return [{ question: each.question, header, options, many: each.multiSelect === true }];
  });
}
