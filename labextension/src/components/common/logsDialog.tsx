/** What a sandbox wrote, in a dialog. */
import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { IAgentApi } from '../../tokens';
import { readable } from '../../text/labels';

export async function showLogs(api: IAgentApi, trans: TranslationBundle, notebookId: string, path: string): Promise<void> {
  const text = await api.logs(notebookId).catch((error: unknown) => String(error));
  const body = ReactWidget.create(
    text.trim() ? (
      <pre className="jp-AgentHost-logs" tabIndex={0} aria-label={trans.__('Log')}>
        {readable(text)}
      </pre>
    ) : (
      <p>{trans.__('There is no sandbox now, so there is no log.')}</p>
    )
  );
  body.addClass('jp-AgentHost-logsBody');
  await showDialog({
    title: trans.__("Log of %1's sandbox", PathExt.basename(path)),
    body,
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}
