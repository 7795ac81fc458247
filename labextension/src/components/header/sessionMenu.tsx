/** Everything that can be done with the session, in a menu of JupyterLab's own. */
import { ellipsesIcon } from '@jupyterlab/ui-components';
import { Menu } from '@lumino/widgets';
import React from 'react';
import { CommandIds } from '../../text/commandIds';
import { useSurroundings } from '../surroundings';
import { usePanelContext } from '../panelContext';
import { IconButton } from '../common/iconButton';

const SECTIONS: readonly (readonly string[])[] = [
  [CommandIds.newSession, CommandIds.forkSession, CommandIds.renameSession, CommandIds.showHistory],
  [CommandIds.exportMarkdown, CommandIds.exportJsonl, CommandIds.strip],
  [CommandIds.showLogs, CommandIds.showAgents],
  [CommandIds.stop, CommandIds.resetSession]
];

export function SessionMenu(): JSX.Element {
  const { trans } = useSurroundings();
  const { commands } = usePanelContext();
  return (
    <IconButton
      icon={ellipsesIcon}
      label={trans.__('More actions')}
      hasPopup
      onClick={event => {
        const menu = new Menu({ commands });
        SECTIONS.forEach((section, index) => {
          if (index > 0) {
            menu.addItem({ type: 'separator' });
          }
          section.forEach(command => menu.addItem({ command }));
        });
        menu.aboutToClose.connect(() => requestAnimationFrame(() => menu.dispose()));
        const box = event.currentTarget.getBoundingClientRect();
        menu.open(box.left, box.bottom, { forceX: false, forceY: false });
      }}
    />
  );
}
