/** Somebody who can sign in at the development issuer. */
export interface Person {
  readonly login: string;
  readonly name: string;
  readonly email: string;
  readonly groups: readonly string[];
}

/** The people of the story: who asks, who answers, who looks back, who runs phi. */
export const defaultPeople: readonly Person[] = [
  { login: "alice", name: "Alice Amari", email: "alice@example.com", groups: ["engineering"] },
  { login: "bob", name: "Bob Brandt", email: "bob@example.com", groups: ["engineering", "db-leads"] },
  { login: "carol", name: "Carol Chen", email: "carol@example.com", groups: ["security", "auditor"] },
  { login: "dave", name: "Dave Diaz", email: "dave@example.com", groups: ["phi-admins"] },
];
