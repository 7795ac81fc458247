/** Agent Markdown, rendered by JupyterLab and made inert. */
import { renderMarkdown } from '@jupyterlab/rendermime';
import React, { useEffect, useMemo, useRef } from 'react';
import { codeClick, decorateCode } from '../../markdown/codeButtons';
import { inertSanitizer, plainFences } from '../../markdown/sanitizer';
import { MarkdownView } from '../../markdown/growingMarkdown';
import { useAgent, useSurroundings } from '../surroundings';
import { LongText } from './longText';

/** Longer text is shown as it is: a parser is not fed without bound. */
const MAX_PARSED_CHARS = 200_000;
/** What a formula begins with. */
const MATH = /\$|\\[([]|\\begin\{/;

export const Markdown = React.memo(function Markdown(props: { text: string; open: boolean }): JSX.Element {
  if (props.text.length > MAX_PARSED_CHARS) {
    return <LongText text={props.text} />;
  }
  return <Rendered text={props.text} open={props.open} />;
});

function Rendered(props: { text: string; open: boolean }): JSX.Element {
  const { trans, rendermime } = useSurroundings();
  const agent = useAgent();
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<MarkdownView | null>(null);
  const words = useMemo(
    () => ({
      copy: trans.__('Copy'),
      copied: trans.__('Copied'),
      insert: agent ? trans.__('Insert as cell') : ''
    }),
    [trans, agent]
  );

  useEffect(() => {
    const node = host.current;
    if (node === null) {
      return;
    }
    const settle = async (shown: HTMLElement): Promise<void> => {
      // The typesetter is a large program, which most answers do not need.
      if (MATH.test(shown.textContent ?? '')) {
        await rendermime.latexTypesetter?.typeset(shown);
      }
    };
    const render = async (into: HTMLElement, text: string): Promise<void> => {
      if (rendermime.markdownParser === null) {
        into.append(Object.assign(document.createElement('pre'), { textContent: text }));
        return;
      }
      await renderMarkdown({
        host: into,
        source: plainFences(text),
        trusted: false,
        sanitizer: inertSanitizer(rendermime.sanitizer),
        resolver: null,
        linkHandler: null,
        shouldTypeset: false,
        latexTypesetter: null,
        markdownParser: rendermime.markdownParser
      });
      decorateCode(into, words);
    };
    const made = new MarkdownView(node, render, settle);
    view.current = made;
    return () => {
      made.dispose();
      view.current = null;
    };
  }, [rendermime, words]);

  useEffect(() => view.current?.show(props.text, props.open), [props.text, props.open, rendermime, words]);

  return (
    <div
      ref={host}
      className="jp-AgentHost-markdown jp-RenderedHTMLCommon"
      data-open={props.open}
      onClick={event => codeClick(event.target, words, code => agent?.notebook.insertCell(code))}
    />
  );
}
