import type { Stage } from "../stage.js";
import type { Typist } from "../typist.js";

/** Somebody signs in: the terminal shows a code, the person compares it in a browser and says yes. */
export async function signIn({ environment, transcript, promises }: Stage, person: Typist): Promise<void> {
  const { broker, issuer } = environment;
  const login = person.starts(["phi", "login", "--broker", broker.url]);
  const userCode = await login.saysAndPauses(/\b[B-Z]{4}-[B-Z]{4}\b/);
  const answer = await fetch(`${issuer.url}/dev/approve`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user_code: userCode, login: person.login }),
  });
  transcript.said(`[${person.login}'s browser: the page shows ${userCode} too, and ${person.login} says yes]`);
  const { code, said } = await login.ended;
  promises.same(`${person.login} is signed in`, { browser: answer.status, exit: code }, { browser: 200, exit: 0 });
  promises.says("and the terminal says as whom, and until when", said, [person.login, /until \S+/]);
}
