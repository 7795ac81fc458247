/** The agent's list of what is to be done, live. */
import React from 'react';
import type { Todo } from '../../turns/todoList';
import { useSurroundings } from '../surroundings';

const SIGNS = { pending: '○', in_progress: '◐', completed: '●' };

export function Todos(props: { todos: readonly Todo[] }): JSX.Element | null {
  const { trans } = useSurroundings();
  const { todos } = props;
  if (todos.length === 0) {
    return null;
  }
  const words = {
    pending: trans.__('to do'),
    in_progress: trans.__('in progress'),
    completed: trans.__('done')
  };
  const done = todos.filter(todo => todo.status === 'completed').length;
  return (
    <section className="jp-AgentHost-todos" aria-label={trans.__('What the agent has to do')}>
      <div className="jp-AgentHost-label">{trans.__('To do: %1 of %2 done', done, todos.length)}</div>
      <ul>
        {todos.map(todo => (
          <li key={todo.id} data-status={todo.status}>
            <span aria-hidden="true">{SIGNS[todo.status]}</span>
            <span>{todo.text}</span>
            <span className="jp-AgentHost-hidden">{`(${words[todo.status]})`}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
