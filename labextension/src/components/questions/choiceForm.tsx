/** The agent's own multiple-choice questions as a form; words of one's own are always possible. */
import React, { useRef, useState } from 'react';
import type { Question } from '../../turns/choiceQuestions';
import { isBag } from '../../server/readAnswer';
import type { IAgent } from '../../tokens';
import type { Json, PermissionAsked } from '../../server/wire';
import { nextFocus } from './nextFocus';
import { useSurroundings } from '../surroundings';

export function Questions(props: { questions: Question[]; asked: PermissionAsked; agent: IAgent }): JSX.Element {
  const { trans } = useSurroundings();
  const [chosen, setChosen] = useState<Record<string, string[]>>({});
  const [own, setOwn] = useState<Record<string, string>>({});
  const [sent, setSent] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const { asked, agent, questions } = props;

  const toggle = (question: Question, label: string): void => {
    const before = chosen[question.question] ?? [];
    const after = !question.many
      ? [label]
      : before.includes(label)
        ? before.filter(each => each !== label)
        : [...before, label];
    setChosen({ ...chosen, [question.question]: after });
    if (!question.many) {
      setOwn({ ...own, [question.question]: '' });
    }
  };
  const write = (question: Question, text: string): void => {
    setOwn({ ...own, [question.question]: text });
    if (!question.many) {
      setChosen({ ...chosen, [question.question]: [] });
    }
  };
  const answerTo = (question: Question): string[] => {
    const words = (own[question.question] ?? '').trim();
    return [...(chosen[question.question] ?? []), ...(words ? [words] : [])];
  };
  const settle = (answer: Parameters<IAgent['answer']>[1]): void => {
    setSent(true);
    const next = nextFocus(form.current);
    void agent.answer(asked.requestId, answer).finally(() => {
      setSent(false);
      next?.focus();
    });
  };
  const send = (): void => {
    const answers = Object.fromEntries(
      questions.map(question => [question.question, question.many ? answerTo(question) : (answerTo(question)[0] ?? '')])
    );
    const input = isBag(asked.input) ? (asked.input as Record<string, Json>) : {};
    settle({ decision: 'allow', updatedInput: { ...input, questions: asked.questions ?? null, answers } });
  };

  return (
    <form
      ref={form}
      className="jp-AgentHost-questions"
      onSubmit={event => {
        event.preventDefault();
        send();
      }}
    >
      {questions.map((question, index) => (
        <fieldset key={index} disabled={sent}>
          <legend>
            {question.header ? <span className="jp-AgentHost-chip">{question.header}</span> : null}
            {question.question}
          </legend>
          {question.options.map(option => (
            <label key={option.label}>
              <input
                type={question.many ? 'checkbox' : 'radio'}
                name={`${asked.requestId}-${index}`}
                checked={(chosen[question.question] ?? []).includes(option.label)}
                onChange={() => toggle(question, option.label)}
              />
              <span>
                {option.label}
                {option.description ? <span className="jp-AgentHost-label"> {option.description}</span> : null}
              </span>
            </label>
          ))}
          <input
            className="jp-AgentHost-input"
            value={own[question.question] ?? ''}
            placeholder={trans.__('In words of your own')}
            aria-label={trans.__('Your own answer to: %1', question.question)}
            onChange={event => write(question, event.target.value)}
          />
        </fieldset>
      ))}
      <div className="jp-AgentHost-row">
        <button
          type="submit"
          className="jp-Button jp-mod-styled jp-mod-accept"
          disabled={sent || questions.some(question => answerTo(question).length === 0)}
        >
          {trans.__('Answer')}
        </button>
        <button
          type="button"
          className="jp-Button jp-mod-styled jp-mod-reject"
          disabled={sent}
          onClick={() => settle({ decision: 'deny', message: trans.__('The person did not want to answer.') })}
        >
          {trans.__('Skip')}
        </button>
      </div>
    </form>
  );
}
