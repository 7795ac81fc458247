/** A small button with an icon, as JupyterLab's toolbars have them. */
import type { LabIcon } from '@jupyterlab/ui-components';
import React from 'react';

export interface IconButtonProps {
  icon: LabIcon;
  label: string;
  onClick: (event: React.MouseEvent<HTMLButtonElement>) => void;
  pressed?: boolean;
  hasPopup?: boolean;
}

export function IconButton(props: IconButtonProps): JSX.Element {
  return (
    <button
      type="button"
      className="jp-AgentHost-iconButton"
      title={props.label}
      aria-label={props.label}
      aria-pressed={props.pressed}
      aria-haspopup={props.hasPopup ? 'menu' : undefined}
      onClick={props.onClick}
    >
      <props.icon.react tag="span" width="16px" height="16px" />
    </button>
  );
}
