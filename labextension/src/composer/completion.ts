/** What `@` and `/` offer at the caret, and which of the offers is meant. */
import { useEffect, useState } from 'react';
import { useSurroundings } from '../components/surroundings';
import type { IAgent } from '../tokens';
import type { SlashCommand } from './slashCommands';
import { askedAt, commandOffers, mentionOffers } from './mentions';
import type { Asked, Offer } from './mentions';

export interface Completion {
  readonly offers: readonly Offer[];
  readonly active: number;
  /** Where the word that an offer would replace starts. */
  readonly start: number;
  /** The text or the caret changed. */
  look(text: string, caret: number): void;
  close(): void;
  /** A key while there are offers: the offer it takes, or whether it did something here. */
  press(key: string, text: string): Offer | boolean;
}

export function useCompletion(agent: IAgent, commands: readonly SlashCommand[]): Completion {
  const { trans } = useSurroundings();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [offers, setOffers] = useState<readonly Offer[]>([]);
  const [active, setActive] = useState(0);

  useEffect(() => {
    setActive(0);
    if (asked === null) {
      setOffers([]);
      return;
    }
    if (asked.sign === '/') {
      setOffers(commandOffers(commands, asked.word));
      return;
    }
    let current = true;
    mentionOffers(trans, agent, asked.word, found => {
      if (current) {
        setOffers(found);
      }
    });
    return () => {
      current = false;
    };
  }, [asked?.sign, asked?.word, asked?.start, agent, commands, trans]);

  const close = (): void => setAsked(null);
  const press = (key: string, text: string): Offer | boolean => {
    const offer = offers[active];
    if (key === 'ArrowDown' || key === 'ArrowUp') {
      setActive((active + (key === 'ArrowDown' ? 1 : offers.length - 1)) % offers.length);
      return true;
    }
    if ((key === 'Enter' || key === 'Tab') && offer && !isWhole(offer, text)) {
      return offer;
    }
    if (key === 'Escape') {
      close();
      return true;
    }
    return false;
  };
  return {
    offers,
    active,
    start: asked?.start ?? 0,
    look: (text, caret) => setAsked(askedAt(text, caret)),
    close,
    press
  };
}

/** The whole command stands there already: Enter sends it. */
function isWhole(offer: Offer, text: string): boolean {
  return text.startsWith('/') && text.trim() === offer.insert.trim() && !offer.insert.endsWith(' ');
}
