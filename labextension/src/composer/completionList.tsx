/** The list of offers above the composer. The keyboard stays in the text. */
import React from 'react';
import { useSurroundings } from '../components/surroundings';
import type { Offer } from './mentions';

export const OFFERS_ID = 'jp-AgentHost-offers';

export function offerId(index: number): string {
  return `${OFFERS_ID}-${index}`;
}

export function Offers(props: {
  offers: readonly Offer[];
  active: number;
  take: (offer: Offer) => void;
}): JSX.Element | null {
  const { trans } = useSurroundings();
  if (props.offers.length === 0) {
    return null;
  }
  return (
    <ul className="jp-AgentHost-offers" id={OFFERS_ID} role="listbox" aria-label={trans.__('Completions')}>
      {props.offers.map((offer, index) => (
        <li
          key={offer.key}
          id={offerId(index)}
          role="option"
          aria-selected={index === props.active}
          // The text keeps the keyboard.
          onMouseDown={event => event.preventDefault()}
          onClick={() => props.take(offer)}
        >
          <span>{offer.label}</span> <span className="jp-AgentHost-label">{offer.about}</span>
        </li>
      ))}
    </ul>
  );
}
