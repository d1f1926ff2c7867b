/** Roles done in one subtransaction. */
const FEW = 50;

/** PL/pgSQL of a pass (revocation-pass.ts): from here on as the keeper of role `i`, or as the account itself. */
export const AS_KEEPER =
  "IF keeper[i] <> acting THEN acting := keeper[i]; PERFORM set_config('role', acting, true); END IF;";
export const AS_SELF = "acting := own; PERFORM set_config('role', own, true);";

/**
 * Does a statement for each role `i` of a list of places, as its keeper. Afterwards `again` has the places of those for which
 * it failed, and of their neighbours for which it was undone.
 */
export function together(places: string, statement: string): string {
  return `
    again := '{}';
    FOR part IN 0 .. (cardinality(${places}) - 1) / ${FEW} LOOP
      few := ${places}[part * ${FEW} + 1 : part * ${FEW} + ${FEW}];
      BEGIN
        FOREACH i IN ARRAY few LOOP
          ${AS_KEEPER}
          ${statement}
        END LOOP;
      EXCEPTION WHEN OTHERS THEN
        again := again || few;
        acting := current_setting('role');
      END;
    END LOOP;
    ${AS_SELF}`;
}

/**
 * Makes the account a member of these roles, through their keepers: ending their sessions and clearing what they own needs
 * that, and nothing else does. What fails here is said by the step that needs it.
 */
export function becomeMember(places: string, maySet: "TRUE" | "FALSE"): string {
  return `
    FOREACH i IN ARRAY ${places} LOOP
      ${AS_KEEPER}
      BEGIN
        EXECUTE format('GRANT %I TO CURRENT_USER', names[i]) || CASE WHEN since_16 THEN ' WITH INHERIT TRUE, SET ${maySet}' ELSE '' END;
      EXCEPTION WHEN OTHERS THEN NULL;
      END;
    END LOOP;
    ${AS_SELF}`;
}
