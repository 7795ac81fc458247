/** Puts our components into a JupyterLab widget. */
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import React from 'react';
import { SurroundingsContext } from './surroundings';

/** What all widgets of this extension share; its signal tells that a setting changed. */
export class Shared {
  constructor(
    readonly trans: TranslationBundle,
    readonly rendermime: IRenderMimeRegistry
  ) {}

  readonly changed = new Signal<Shared, void>(this);
  enterSends = true;
  notify = true;
  showStatus = true;

  use(settings: ISettingRegistry.ISettings): void {
    const read = (): void => {
      this.enterSends = settings.composite.enterSends !== false;
      this.notify = settings.composite.notify !== false;
      this.showStatus = settings.composite.showStatus !== false;
      this.changed.emit();
    };
    settings.changed.connect(read);
    read();
  }

  wrap(content: JSX.Element): JSX.Element {
    const { trans, rendermime, enterSends } = this;
    return <SurroundingsContext.Provider value={{ trans, rendermime, enterSends }}>{content}</SurroundingsContext.Provider>;
  }
}
