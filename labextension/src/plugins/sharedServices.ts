/** Words, renderer and settings for all surfaces. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';
import { Shared } from '../components/reactWidget';
import { NAMESPACE, TRANSLATION_DOMAIN } from '../tokens';

export const IShared = new Token<Shared>(`${NAMESPACE}:IShared`, 'What the surfaces of this extension share.');

const SETTINGS_ID = `${NAMESPACE}:shared`;

export const shared: JupyterFrontEndPlugin<Shared> = {
  id: SETTINGS_ID,
  description: 'Settings of the agent panel.',
  autoStart: true,
  provides: IShared,
  requires: [IRenderMimeRegistry],
  optional: [ITranslator, ISettingRegistry],
  activate: (
    _app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    registry: ISettingRegistry | null
  ) => {
    const made = new Shared((translator ?? nullTranslator).load(TRANSLATION_DOMAIN), rendermime);
    registry
      ?.load(SETTINGS_ID)
      .then(settings => made.use(settings))
      .catch((error: unknown) => console.error('agent: settings were not loaded', error));
    return made;
  }
};
