/** A question to a person, in place: what, with which exact arguments, and the decision. */
import React, { useState } from 'react';
import { isBag } from '../read';
import type { PermissionPart } from '../reducer';
import type { IAgent } from '../tokens';
import type { Json } from '../wire';
import { useSurroundings } from './context';
import { Arguments } from './tool';

/** Jupyter's made-up name of a person without an account says nothing to anybody. */
const ANONYMOUS = /^[0-9a-f]{32}$/;

interface Question {
  question: string;
  options: string[];
  many: boolean;
}

export function Approval(props: { part: PermissionPart; agent: IAgent | null; open: boolean }): JSX.Element {
  const { trans } = useSurroundings();
  const { asked, settled } = props.part;
  const what = asked.title || asked.description || asked.toolName;
  if (settled || !props.open || props.agent === null) {
    const decision = settled ? (settled.decision === 'allow' ? trans.__('Allowed') : trans.__('Denied')) : '';
    return (
      <div className="jp-AgentHost-settled" data-decision={settled?.decision ?? 'none'}>
        <strong>{decision || trans.__('Not answered')}</strong> {what}
        {settled?.by && !ANONYMOUS.test(settled.by) ? ` · ${settled.by}` : ''}
        {settled?.message ? ` · ${settled.message}` : ''}
      </div>
    );
  }
  const questions = questionsOf(asked.questions);
  return (
    <section className="jp-AgentHost-approval" role="group" aria-label={trans.__('The agent asks: %1', what)}>
      <div className="jp-AgentHost-approvalTitle">{trans.__('The agent asks to use %1', asked.toolName)}</div>
      {what !== asked.toolName ? <div>{what}</div> : null}
      {questions.length > 0 ? (
        <Questions questions={questions} part={props.part} agent={props.agent} />
      ) : (
        <>
          <Arguments name={asked.toolName} input={asked.input ?? null} />
          <Decision requestId={asked.requestId} agent={props.agent} />
        </>
      )}
    </section>
  );
}

function Decision(props: { requestId: string; agent: IAgent }): JSX.Element {
  const { trans } = useSurroundings();
  const [message, setMessage] = useState('');
  const [sent, setSent] = useState(false);
  const decide = (decision: 'allow' | 'deny'): void => {
    setSent(true);
    // Where the answer does not arrive, the buttons come back beside the error.
    void props.agent.answer(props.requestId, decision, decision === 'deny' ? message : '').finally(() => setSent(false));
  };
  return (
    <form
      className="jp-AgentHost-decision"
      onSubmit={event => {
        event.preventDefault();
        decide('deny');
      }}
    >
      <button
        type="button"
        className="jp-Button jp-mod-styled jp-mod-accept"
        disabled={sent}
        onClick={() => decide('allow')}
      >
        {trans.__('Allow once')}
      </button>
      <button type="submit" className="jp-Button jp-mod-styled jp-mod-warn" disabled={sent}>
        {trans.__('Deny')}
      </button>
      <input
        className="jp-AgentHost-input"
        value={message}
        disabled={sent}
        placeholder={trans.__('What to do instead (optional)')}
        aria-label={trans.__('Message to the agent with a denial')}
        onChange={event => setMessage(event.target.value)}
      />
    </form>
  );
}

function Questions(props: { questions: Question[]; part: PermissionPart; agent: IAgent }): JSX.Element {
  const { trans } = useSurroundings();
  const [chosen, setChosen] = useState<Record<string, string[]>>({});
  const { asked } = props.part;
  const toggle = (question: Question, option: string): void => {
    const before = chosen[question.question] ?? [];
    const after = !question.many
      ? [option]
      : before.includes(option)
        ? before.filter(each => each !== option)
        : [...before, option];
    setChosen({ ...chosen, [question.question]: after });
  };
  const send = (): void => {
    const answers = Object.fromEntries(props.questions.map(q => [q.question, (chosen[q.question] ?? []).join(', ')]));
    const input = isBag(asked.input) ? (asked.input) : {};
    void props.agent.answer(asked.requestId, 'allow', '', { ...input, answers });
  };
  return (
    <form
      className="jp-AgentHost-questions"
      onSubmit={event => {
        event.preventDefault();
        send();
      }}
    >
      {props.questions.map(question => (
        <fieldset key={question.question}>
          <legend>{question.question}</legend>
          {question.options.map(option => (
            <label key={option}>
              <input
                type={question.many ? 'checkbox' : 'radio'}
                name={`${asked.requestId}-${question.question}`}
                checked={(chosen[question.question] ?? []).includes(option)}
                onChange={() => toggle(question, option)}
              />
              {option}
            </label>
          ))}
        </fieldset>
      ))}
      <button
        type="submit"
        className="jp-Button jp-mod-styled jp-mod-accept"
        disabled={props.questions.some(question => (chosen[question.question] ?? []).length === 0)}
      >
        {trans.__('Answer')}
      </button>
    </form>
  );
}

function questionsOf(value: Json | undefined): Question[] {
  if (!Array.isArray(value)) {
    return [];
  }
  return value.flatMap(each => {
    if (!isBag(each) || typeof each.question !== 'string' || !Array.isArray(each.options)) {
      return [];
    }
    const options = each.options.flatMap(option =>
      typeof option === 'string' ? [option] : isBag(option) && typeof option.label === 'string' ? [option.label] : []
    );
    return [{ question: each.question, options, many: each.multiSelect === true }];
  });
}
