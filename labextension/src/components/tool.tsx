/** One tool call: name, exact arguments, state, duration, and its result folded away. */
import React, { useEffect, useState } from 'react';
import { isBag } from '../read';
import type { ToolPart } from '../reducer';
import type { Json, ToolImage } from '../wire';
import { exact, readable, seconds, size } from '../words';
import { useSurroundings } from './context';

const MAIN_ARGUMENT = ['command', 'file_path', 'path', 'pattern', 'url', 'query', 'description', 'prompt'];
const IMAGE_TYPE = /^image\/(?:png|jpeg|gif|webp)$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const SHOWN_CHARS = 20_000;

export function ToolCard(props: {
  part: ToolPart;
  running: boolean;
  /** A person must decide first. */
  asking: boolean;
  children?: React.ReactNode;
}): JSX.Element {
  const { trans } = useSurroundings();
  const { part, running, asking } = props;
  const state = part.result ? (part.result.isError ? 'failed' : 'done') : asking ? 'asking' : running ? 'running' : 'left';
  const words = {
    failed: trans.__('failed'),
    done: trans.__('done'),
    running: trans.__('running'),
    asking: trans.__('waits for you'),
    left: trans.__('no result')
  };
  const main = mainArgument(part.input);
  return (
    <details className="jp-AgentHost-tool" data-state={state}>
      <summary>
        <span className="jp-AgentHost-dot" aria-hidden="true" />
        <span className="jp-AgentHost-toolName">{part.name}</span>
        <code className="jp-AgentHost-toolMain">{main}</code>
        <span className="jp-AgentHost-toolState">
          {state === 'running' ? <Elapsed since={part.started} /> : null}
          {state === 'done' && part.result?.durationMs ? seconds(part.result.durationMs / 1000) : words[state]}
        </span>
      </summary>
      <Arguments name={part.name} input={part.input} />
      {part.result ? <Result part={part} /> : null}
      {props.children}
    </details>
  );
}

function Elapsed(props: { since: number }): JSX.Element {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() / 1000), 1000);
    return () => clearInterval(timer);
  }, []);
  return <span>{seconds(Math.max(0, now - props.since))} </span>;
}

function mainArgument(input: Json): string {
  if (typeof input === 'string') {
    return input.split('\n')[0] ?? '';
  }
  if (!isBag(input)) {
    return '';
  }
  const text = MAIN_ARGUMENT.map(name => input[name]).find(value => typeof value === 'string') ?? '';
  return exact(text.replace(/\s+/g, ' ')).slice(0, 200);
}

/** Exactly what the tool gets, with nothing hidden; an edit as what goes and what comes. */
export function Arguments(props: { name: string; input: Json }): JSX.Element | null {
  const { input } = props;
  if (input === null) {
    return null;
  }
  if (!isBag(input)) {
    return <pre className="jp-AgentHost-pre">{exact(typeof input === 'string' ? input : JSON.stringify(input))}</pre>;
  }
  const { old_string: gone, new_string: come, ...rest } = input;
  const isEdit = typeof gone === 'string' && typeof come === 'string';
  const shown = isEdit ? rest : input;
  return (
    <dl className="jp-AgentHost-arguments">
      {Object.entries(shown).map(([name, value]) => (
        <React.Fragment key={name}>
          <dt>{exact(name)}</dt>
          <dd>
            <pre className="jp-AgentHost-pre">{exact(typeof value === 'string' ? value : JSON.stringify(value))}</pre>
          </dd>
        </React.Fragment>
      ))}
      {isEdit ? (
        <dd className="jp-AgentHost-wide">
          <pre className="jp-AgentHost-pre jp-AgentHost-diff">
            {lines('-', gone)}
            {lines('+', come)}
          </pre>
        </dd>
      ) : null}
    </dl>
  );
}

function lines(sign: '-' | '+', text: string): JSX.Element[] {
  return text.split('\n').map((line, index) => (
    <span key={sign + String(index)} data-sign={sign}>
      {`${sign} ${exact(line)}\n`}
    </span>
  ));
}

function Result(props: { part: ToolPart }): JSX.Element {
  const { trans } = useSurroundings();
  const result = props.part.result;
  const text = readable(result?.text ?? '').replace(/^\n+|\n+$/g, '');
  const shown = text.slice(0, SHOWN_CHARS);
  const total = Math.max(result?.sizeBytes ?? 0, text.length);
  return (
    <div className="jp-AgentHost-result">
      <div className="jp-AgentHost-label">{result?.isError ? trans.__('Failed') : trans.__('Result')}</div>
      <pre className="jp-AgentHost-pre" tabIndex={0}>
        {shown || trans.__('(nothing printed)')}
      </pre>
      {total > shown.length + 1 ? <div className="jp-AgentHost-label">{trans.__('%1 in all', size(total))}</div> : null}
      {(result?.images ?? []).map((image, index) => (
        <ResultImage key={index} image={image} />
      ))}
    </div>
  );
}

function ResultImage(props: { image: ToolImage }): JSX.Element | null {
  const { trans } = useSurroundings();
  const type = props.image.media_type ?? props.image.mediaType;
  const data = props.image.data;
  if (typeof type !== 'string' || typeof data !== 'string' || !IMAGE_TYPE.test(type) || !BASE64.test(data)) {
    return null;
  }
  return <img className="jp-AgentHost-image" src={`data:${type};base64,${data}`} alt={trans.__('Image from the tool')} />;
}
