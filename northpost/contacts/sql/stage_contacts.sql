-- inputs: none
-- effect: an empty temporary table for one batch of people; it goes with the transaction. by_number and by_email: who is
--         here with that customer number, that e-mail address. new_id: who the row becomes if nobody is (ids of those
--         who are here already stay unused, which is cheaper than a join to give them out)
-- index:  none; it is read whole
CREATE TEMPORARY TABLE IF NOT EXISTS contacts_incoming (
    place integer NOT NULL,
    email text,
    email_key text COLLATE "C",
    external_id text COLLATE "C",
    first_name text NOT NULL,
    last_name text NOT NULL,
    phone text NOT NULL,
    language text NOT NULL,
    time_zone text NOT NULL,
    role text NOT NULL,
    attributes jsonb NOT NULL,
    consented_at timestamptz,
    new_id bigint NOT NULL DEFAULT nextval('contacts_contact_id_seq'),
    by_number bigint,
    by_email bigint,
    contact_id bigint GENERATED ALWAYS AS (coalesce(by_number, by_email)) STORED,
    created boolean GENERATED ALWAYS AS (coalesce(by_number, by_email) IS NOT DISTINCT FROM new_id) STORED
) ON COMMIT DELETE ROWS;
TRUNCATE contacts_incoming
