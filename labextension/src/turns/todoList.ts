/** The agent's own list of what is to be done, read from the tool calls by which it keeps that list. */
import { isBag } from '../server/readAnswer';
import type { Part, ToolPart } from './turnView';

export type TodoStatus = 'pending' | 'in_progress' | 'completed';

export interface Todo {
  id: string;
  text: string;
  status: TodoStatus;
}

const STATUSES: readonly string[] = ['pending', 'in_progress', 'completed'];
/** The number that the tool gave a new task; it is told in its result alone. */
const CREATED = /#(\d+)/;

/** The list as it stands after these parts; empty when the agent keeps none. Subagents keep lists of their own. */
export function todosOf(parts: readonly Part[]): Todo[] {
  let todos: Todo[] = [];
  for (const part of parts) {
    if (part.type !== 'tool' || part.parent || !isBag(part.input) || part.result?.isError) {
      continue;
    }
    if (part.name === 'TodoWrite') {
      todos = written(part.input.todos);
    } else if (part.name === 'TaskCreate') {
      todos = [...todos, created(part, todos.length + 1)];
    } else if (part.name === 'TaskUpdate') {
      todos = updated(todos, part.input);
    }
  }
  return todos;
}

function written(list: unknown): Todo[] {
  return (Array.isArray(list) ? list : []).flatMap((each, index) => {
    if (!isBag(each) || typeof each.content !== 'string') {
      return [];
    }
    return [{ id: String(index), text: each.content, status: statusOf(each.status) }];
  });
}

function created(part: ToolPart, number: number): Todo {
  const input = isBag(part.input) ? part.input : {};
  const id = CREATED.exec(part.result?.text ?? '')?.[1] ?? String(number);
  return { id, text: typeof input.subject === 'string' ? input.subject : '', status: 'pending' };
}

function updated(todos: Todo[], input: Record<string, unknown>): Todo[] {
  const id = typeof input.taskId === 'string' || typeof input.taskId === 'number' ? String(input.taskId) : '';
  if (input.status === 'deleted') {
    return todos.filter(todo => todo.id !== id);
  }
  return todos.map(todo =>
    todo.id === id
      ? {
          ...todo,
          text: typeof input.subject === 'string' ? input.subject : todo.text,
          status: input.status === undefined ? todo.status : statusOf(input.status)
        }
      : todo
  );
}

function statusOf(value: unknown): TodoStatus {
  return typeof value === 'string' && STATUSES.includes(value) ? (value as TodoStatus) : 'pending';
}
