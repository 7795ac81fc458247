/** Where the keyboard goes when this form is gone: back to the prompt, or to the turn that the form stood in. */
export function nextFocus(form: HTMLElement | null): HTMLElement | null {
  if (!form?.contains(document.activeElement)) {
    return null;
  }
  return (
    form.closest('.jp-AgentHost-panel')?.querySelector<HTMLElement>('.jp-AgentHost-composer textarea') ??
    form.closest<HTMLElement>('.jp-AgentHost-turn')
  );
}
