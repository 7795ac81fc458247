/** Which addresses in agent text may be followed or shown; the same rules as `jupyter_agent_host/rendering/markdown_escaping.py`. */

const LOCAL = /^(?!.*(?:\.\.|\/\/|%2e|%2f|%5c))[A-Za-z0-9_][A-Za-z0-9_./%-]*$/i;
const MAIL = /^mailto:[A-Za-z0-9._+-]+@([A-Za-z0-9.-]+)$/;
const WEB = /^https?:\/\/[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.?(?::[0-9]{1,5})?(?:[/?#]|$)/;
const DATA_IMAGE = /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}$/;

/** An address that may be followed and the host to show with it ("" beside the notebook); null: not to be followed. */
export function webTarget(address: string): { url: string; host: string } | null {
  if (LOCAL.test(address)) {
    return { url: address, host: '' };
  }
  const mail = MAIL.exec(address);
  if (mail) {
    return { url: address, host: mail[1] ?? '' };
  }
  if (!WEB.test(address)) {
    return null;
  }
  try {
    const url = new URL(address);
    return { url: url.href, host: url.host };
  } catch {
    return null;
  }
}

/** Whether an image carries its own data, so that showing it asks nobody. */
export function isDataImage(address: string): boolean {
  return DATA_IMAGE.test(address);
}

/** Whether the words of a link are its address already. */
export function names(words: string, host: string): boolean {
  const bare = words.trim().replace(/^(?:https?:\/\/|mailto:[^@]*@)/, '');
  return bare === host || ['/', '?', '#'].some(sign => bare.startsWith(host + sign));
}
