/** What stands in the record where a secret was. */
export const HIDDEN = "[redacted]";

/** Names of options and variables whose value is a secret; `key` alone is too common (`--key=value`, `--sort-key`). */
const SECRET_NAME =
  "(?:[a-z0-9_-]*(?:passw(?:or)?d|passwd|passphrase|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key|auth)|pwd)";
const ASSIGNMENT = new RegExp(`(^|[\\s"';&?])(-{0,2}${SECRET_NAME})(=)("[^"]*"|'[^']*'|[^\\s"';&]+)`, "gi");
const OPTION = new RegExp(`^--?${SECRET_NAME}$`, "i");
const HEADER = /((?:proxy-)?authorization|cookie|x-api-key|private-token)(\s*:\s*)([^"'\r\n]+)/gi;
const SQL = /\b(password|identified\s+by)(\s+)('(?:[^']|'')*'|"[^"]*")/gi;
const USERINFO = /\b([a-z][a-z0-9+.-]*:\/\/[^\s/:@"']*):([^\s/@"']+)@/gi;
/** Tokens that say what they are: phi, GitHub, GitLab, Slack, AWS key ids, npm, Stripe, JWTs, PEM blocks. */
const TOKENS = [
  /\bphi_[A-Za-z0-9_-]{20,}/g,
  /\bgh[pousr]_[A-Za-z0-9]{20,}/g,
  /\bgithub_pat_\w{20,}/g,
  /\bglpat-[\w-]{16,}/g,
  /\bxox[abeoprs]-[\w-]{10,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bnpm_[A-Za-z0-9]{30,}/g,
  /\b[rs]k_(?:live|test)_\w{16,}/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)*/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];

/** One word with every secret in it replaced. `program` is the first word of the command. */
export function redactWord(word: string, program: string): string {
  // Longer than any command worth recording: what comes after is cut anyway, and the expressions stay quick.
  let text = word.slice(0, 4_000);
  // mysql -pSECRET, mysqldump -pSECRET, mariadb -pSECRET: no blank between.
  if (/(?:^|\/)(?:mysql|mariadb)[a-z-]*$/.test(program)) text = text.replace(/^-p(.+)$/s, `-p${HIDDEN}`);
  // curl -uname:password, --user=name:password
  text = text.replace(/^(-u[^:\s]+:|--(?:proxy-)?user=[^:\s]+:)(.+)$/s, `$1${HIDDEN}`);
  text = text.replace(USERINFO, `$1:${HIDDEN}@`);
  text = text.replace(ASSIGNMENT, `$1$2$3${HIDDEN}`);
  text = text.replace(HEADER, `$1$2${HIDDEN}`);
  text = text.replace(SQL, `$1$2${HIDDEN}`);
  for (const token of TOKENS) text = text.replace(token, HIDDEN);
  return text;
}

/** Short options whose next word is a secret, by program; what the same letter means elsewhere is harmless (`ls -a`). */
const SHORT: readonly (readonly [program: RegExp, option: string])[] = [
  [/(?:^|\/)(?:redis|valkey)-cli$/, "-a"],
  [/(?:^|\/)sshpass$/, "-p"],
  [/(?:^|\/)mongo[a-z]*$/, "-p"],
  [/(?:^|\/)ldap[a-z]+$/, "-w"],
  [/(?:^|\/)sqlcmd$/, "-P"],
];

/** Whether the word after this one is a secret: `--password SECRET`, `redis-cli -a SECRET`. */
export function takesSecret(option: string, program: string): boolean {
  return OPTION.test(option) || SHORT.some(([who, short]) => option === short && who.test(program));
}

/** The word after `curl -u`: `name:password`; a URL, as `redis-cli -u` has it, is left to {@link redactWord}. */
export function redactAccount(option: string, word: string): string {
  if (!/^(?:-u|-U|--user|--proxy-user)$/.test(option) || word.includes("://")) return word;
  return word.replace(/^([^:\s]+:).+$/s, `$1${HIDDEN}`);
}
