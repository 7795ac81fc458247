/** Agent Markdown, rendered by JupyterLab and made inert. */
import { renderMarkdown } from '@jupyterlab/rendermime';
import React, { useEffect, useRef } from 'react';
import { inertSanitizer, plainFences } from '../markdown/inert';
import { useSurroundings } from './context';

/** Longer text is shown as it is: a parser is not fed without bound. */
const MAX_PARSED_CHARS = 200_000;

/** Renders again as the text grows, one rendering at a time and always the newest text last. */
export const Markdown = React.memo(function Markdown(props: { text: string; open: boolean }): JSX.Element {
  const { rendermime } = useSurroundings();
  const host = useRef<HTMLDivElement>(null);
  const wanted = useRef('');
  const running = useRef(false);
  wanted.current = props.text;

  useEffect(() => {
    const node = host.current;
    if (node === null || running.current) {
      return;
    }
    running.current = true;
    const render = async (): Promise<void> => {
      for (let shown: string | null = null; shown !== wanted.current && node.isConnected; ) {
        shown = wanted.current;
        // Rendered aside, then swapped in: the words that are there never flicker.
        const next = document.createElement('div');
        await renderInert(next, shown);
        node.replaceChildren(...Array.from(next.childNodes));
        if (rendermime.latexTypesetter) {
          await rendermime.latexTypesetter.typeset(node);
        }
      }
    };
    const renderInert = async (into: HTMLElement, text: string): Promise<void> => {
      if (text.length > MAX_PARSED_CHARS || rendermime.markdownParser === null) {
        const plain = document.createElement('pre');
        plain.textContent = text;
        into.replaceChildren(plain);
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
    };
    render()
      .catch((error: unknown) => {
        node.textContent = wanted.current;
        console.error('agent: Markdown was not rendered', error);
      })
      .finally(() => {
        running.current = false;
      });
  }, [props.text, rendermime]);

  return <div ref={host} className="jp-AgentHost-markdown jp-RenderedHTMLCommon" data-open={props.open} />;
});
