/** A question to a person, in place: what, where, with which exact arguments, and the decision. */
import { PathExt } from '@jupyterlab/coreutils';
import React, { useRef, useState } from 'react';
import { questionsOf } from '../../turns/choiceQuestions';
import type { Decision, IAgent } from '../../tokens';
import type { PermissionPart } from '../../turns/turnView';
import { toolWord } from '../../text/labels';
import { Arguments } from '../turn/toolArguments';
import { useAgent, useSurroundings } from '../surroundings';
import { PermissionDetails, mayRemember } from './permissionDetails';
import { Questions } from './choiceForm';
import { nextFocus } from './nextFocus';

/** Jupyter's made-up name of a person without an account says nothing to anybody. */
const ANONYMOUS = /^[0-9a-f]{32}$/;

export function Approval(props: { part: PermissionPart; open: boolean }): JSX.Element {
  const { trans } = useSurroundings();
  const agent = useAgent();
  const { asked, settled } = props.part;
  const what = asked.title || asked.description || toolWord(asked.toolName);
  if (settled || !props.open || agent === null) {
    return <Settled part={props.part} what={what} />;
  }
  const questions = questionsOf(asked.questions);
  const place = PathExt.basename(agent.info?.path ?? '');
  return (
    <section
      className="jp-AgentHost-approval"
      data-source={asked.source ?? 'box'}
      role="group"
      tabIndex={-1}
      aria-label={trans.__('The agent asks: %1', what)}
    >
      <div className="jp-AgentHost-approvalTitle">
        {questions.length > 0
          ? trans.__('The agent has a question')
          : asked.source === 'host'
            ? trans.__('The agent asks to leave its sandbox: %1', toolWord(asked.toolName))
            : trans.__('The agent asks to use %1', toolWord(asked.toolName))}
      </div>
      {questions.length === 0 && what !== toolWord(asked.toolName) ? <div>{what}</div> : null}
      {asked.description && asked.description !== what ? <div>{asked.description}</div> : null}
      {questions.length > 0 ? (
        <Questions questions={questions} asked={asked} agent={agent} />
      ) : (
        <>
          {asked.source === 'host' ? <PermissionDetails asked={asked} /> : null}
          <Arguments name={asked.toolName} input={asked.input ?? null} />
          <div className="jp-AgentHost-label">
            {asked.source === 'host'
              ? trans.__('Where: notebook %1, outside of the sandbox', place)
              : trans.__('Where: the sandbox of %1', place)}
          </div>
          <Decisions requestId={asked.requestId} remember={mayRemember(asked)} agent={agent} />
        </>
      )}
    </section>
  );
}

function Settled(props: { part: PermissionPart; what: string }): JSX.Element {
  const { trans } = useSurroundings();
  const { settled } = props.part;
  const words: Record<string, string> = {
    interrupt: trans.__('ended by the interrupt'),
    turn_end: trans.__('the turn ended'),
    headless: trans.__('nobody could be asked'),
    grant: trans.__('by an earlier answer')
  };
  const by = settled?.by ?? '';
  const decision =
    settled?.decision === 'allow'
      ? settled.remember === 'notebook'
        ? trans.__('Allowed for this notebook')
        : trans.__('Allowed')
      : settled
        ? trans.__('Denied')
        : trans.__('Not answered');
  const more = [words[by] ?? (ANONYMOUS.test(by) || by === 'person' ? '' : by), settled?.message ?? ''];
  return (
    <div className="jp-AgentHost-settled" data-decision={settled?.decision ?? 'none'}>
      <strong>{decision}</strong> {[props.what, ...more].filter(word => word).join(' · ')}
    </div>
  );
}

function Decisions(props: { requestId: string; remember: boolean; agent: IAgent }): JSX.Element {
  const { trans } = useSurroundings();
  const [message, setMessage] = useState('');
  const [sent, setSent] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const decide = (answer: Decision): void => {
    setSent(true);
    const next = nextFocus(form.current);
    // Where the answer does not arrive, the buttons come back beside the error.
    void props.agent.answer(props.requestId, answer).finally(() => {
      setSent(false);
      next?.focus();
    });
  };
  return (
    <form
      ref={form}
      className="jp-AgentHost-decision"
      onSubmit={event => {
        event.preventDefault();
        decide({ decision: 'deny', message: message.trim() });
      }}
    >
      <button
        type="button"
        className="jp-Button jp-mod-styled jp-mod-accept"
        disabled={sent}
        onClick={() => decide({ decision: 'allow' })}
      >
        {trans.__('Allow once')}
      </button>
      {props.remember ? (
        <button
          type="button"
          className="jp-Button jp-mod-styled jp-mod-reject"
          disabled={sent}
          title={trans.__('The like may happen again in this notebook without a question')}
          onClick={() => decide({ decision: 'allow', remember: 'notebook' })}
        >
          {trans.__('Allow for this notebook')}
        </button>
      ) : null}
      <span className="jp-AgentHost-deny">
        <input
          className="jp-AgentHost-input"
          value={message}
          disabled={sent}
          placeholder={trans.__('What to do instead')}
          aria-label={trans.__('Message to the agent with a denial')}
          onChange={event => setMessage(event.target.value)}
        />
        <button type="submit" className="jp-Button jp-mod-styled jp-mod-warn" disabled={sent}>
          {trans.__('Deny')}
        </button>
      </span>
    </form>
  );
}
