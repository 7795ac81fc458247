/** Which model answers: what the server offers, and any other by its name. */
import React, { useEffect, useState } from 'react';
import type { IAgent } from '../../tokens';
import type { ModelList, NotebookInfo } from '../../server/wire';
import { useSurroundings } from '../surroundings';
import { usePanelContext } from '../panelContext';
import { Picker } from './picker';

const OTHER = '\u0000other';

export function ModelPicker(props: { agent: IAgent; info: NotebookInfo }): JSX.Element {
  const { trans } = useSurroundings();
  const { actions, api } = usePanelContext();
  const { agent, info } = props;
  const [list, setList] = useState<ModelList | null>(null);

  useEffect(() => {
    let wanted = true;
    api
      .call(info.notebookId, 'models')
      .then(found => {
        if (wanted) {
          setList(found);
        }
      })
      // Without the list the present model and "Other…" are still there.
      .catch((error: unknown) => console.warn('agent: no list of models', error));
    return () => {
      wanted = false;
    };
  }, [api, info.notebookId, info.model]);

  const current = list?.current ?? info.model;
  const models = list?.models ?? [];
  const shown = current && !models.includes(current) ? [current, ...models] : models;
  return (
    <Picker
      label={trans.__('Model')}
      title={trans.__('The model that answers, from the next prompt on')}
      value={current}
      options={[
        { value: '', label: list?.default ? trans.__('Default model (%1)', list.default) : trans.__('Default model') },
        ...shown.map(model => ({ value: model, label: model })),
        { value: OTHER, label: trans.__('Other…') }
      ]}
      choose={model => void (model === OTHER ? actions.chooseModel(agent) : agent.setModel(model))}
    />
  );
}
