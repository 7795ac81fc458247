/** Exactly what a tool gets, with nothing hidden; an edit as what goes and what comes. */
import React from 'react';
import { changeOf } from '../../turns/editArguments';
import { isBag } from '../../server/readAnswer';
import type { Json } from '../../server/wire';
import { exact } from '../../text/labels';
import { Diff } from '../common/unifiedDiff';
import { LongText } from '../common/longText';

export function Arguments(props: { name: string; input: Json }): JSX.Element | null {
  const { input } = props;
  if (input === null) {
    return null;
  }
  if (!isBag(input)) {
    return <LongText text={exact(typeof input === 'string' ? input : JSON.stringify(input))} />;
  }
  const found = changeOf(props.name, input);
  return (
    <dl className="jp-AgentHost-arguments">
      {Object.entries(found?.rest ?? input).map(([name, value]) => (
        <React.Fragment key={name}>
          <dt>{exact(name)}</dt>
          <dd>
            <LongText text={exact(typeof value === 'string' ? value : JSON.stringify(value, null, 1))} />
          </dd>
        </React.Fragment>
      ))}
      {(found?.changes ?? []).map((change, index) => (
        <dd className="jp-AgentHost-wide" key={index}>
          <Diff change={change} />
        </dd>
      ))}
    </dl>
  );
}

const MAIN_ARGUMENT = ['command', 'file_path', 'path', 'pattern', 'url', 'query', 'subject', 'description', 'prompt', 'code'];

/** The argument that says most, on one line. */
export function mainArgument(input: Json): string {
  if (typeof input === 'string') {
    return exact(input.slice(0, 400).split('\n')[0] ?? '');
  }
  if (!isBag(input)) {
    return '';
  }
  const text = MAIN_ARGUMENT.map(name => input[name]).find(value => typeof value === 'string') ?? '';
  return exact(text.slice(0, 400).replace(/\s+/g, ' ')).slice(0, 200);
}
