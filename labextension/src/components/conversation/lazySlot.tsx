/**
 * A place in a long list: filled while it is near what a person sees, else an empty box of the height it had. So a
 * conversation of a thousand turns costs no more than what is on the screen.
 */
import React, { createContext, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';

/** Filled this far above and below the visible part. */
const MARGIN = '1200px 0px';
const GUESSED_HEIGHT_PX = 160;

type Tell = (near: boolean) => void;

class Watch {
  constructor(root: HTMLElement) {
    this.observer = new IntersectionObserver(
      entries => entries.forEach(entry => this.slots.get(entry.target)?.(entry.isIntersecting)),
      { root, rootMargin: MARGIN }
    );
  }

  add(node: Element, tell: Tell): () => void {
    this.slots.set(node, tell);
    this.observer.observe(node);
    return () => {
      this.slots.delete(node);
      this.observer.unobserve(node);
    };
  }

  dispose(): void {
    this.observer.disconnect();
  }

  private readonly slots = new Map<Element, Tell>();
  private readonly observer: IntersectionObserver;
}

const WatchContext = createContext<Watch | null>(null);

/** Inside, slots look at this scrolling element. */
export function Slots(props: { root: HTMLElement | null; children: React.ReactNode }): JSX.Element {
  const watch = useMemo(() => (props.root ? new Watch(props.root) : null), [props.root]);
  useEffect(() => () => watch?.dispose(), [watch]);
  return <WatchContext.Provider value={watch}>{props.children}</WatchContext.Provider>;
}

/** `keep`: filled wherever it is, since it changes or waits for a person. */
export function Slot(props: { keep: boolean; name?: string; children: React.ReactNode }): JSX.Element {
  const watch = useContext(WatchContext);
  const node = useRef<HTMLDivElement>(null);
  const height = useRef(GUESSED_HEIGHT_PX);
  const [near, setNear] = useState(false);
  const filled = props.keep || near;

  useEffect(() => {
    const box = node.current;
    if (watch === null || box === null) {
      return;
    }
    return watch.add(box, is => {
      // The keyboard is in there: it must not be pulled away.
      if (is || !box.contains(document.activeElement)) {
        setNear(is);
      }
    });
  }, [watch]);

  useLayoutEffect(() => {
    const box = node.current;
    if (box === null || !filled) {
      return;
    }
    const observer = new ResizeObserver(() => {
      height.current = box.offsetHeight || height.current;
    });
    observer.observe(box);
    return () => observer.disconnect();
  }, [filled]);

  return (
    <div ref={node} className="jp-AgentHost-slot" data-slot={props.name} style={filled ? {} : { height: height.current }}>
      {filled ? props.children : null}
    </div>
  );
}
