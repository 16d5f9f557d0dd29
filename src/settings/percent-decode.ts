import { isUtf8 } from 'node:buffer';
import { urlError } from './url-error.ts';

/**
 * Decodes `%XX` once, as Python's `urllib.parse.unquote` does for SQLAlchemy: a `%` that starts no pair of hex
 * digits stands for itself, and `+` stays `+`.
 *
 * @param part what is being decoded, for the message
 * @throws GatewayError URL when the bytes are not UTF-8 or hold a NUL, which no driver can pass on
 */
export function percentDecode(text: string, part: string): string {
  const decoded = text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => {
    const bytes = Buffer.from(run.replaceAll('%', ''), 'hex');
    if (!isUtf8(bytes)) {
      throw urlError(
        `the percent-encoding of the ${part} is not UTF-8`,
        `encode the UTF-8 bytes of the ${part}, for example é as %C3%A9`,
      );
    }
    return bytes.toString('utf8');
  });
  if (decoded.includes('\0')) {
    throw urlError(`the ${part} holds a NUL character`, `take %00 out of the ${part}`);
  }
  return decoded;
}
