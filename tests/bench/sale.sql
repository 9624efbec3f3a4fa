-- One sale of one product, statement by statement, as licenses.services.sell_licenses makes it: the same rows in the same tables.
-- What it leaves out: the limits of waiting, the further addresses of a notice, and whatever Python decides.
\set place random(0, :resellers - 1)
\set seller :first_reseller + :place
\set person :first_person + :place
\set owner :first_enduser + :place * :endusers + random(0, :endusers - 1)
\set product :first_product + random(0, :products - 1)
\set quantity random(1, 5)
BEGIN;
INSERT INTO foundation_submission (key, digest) VALUES (replace(gen_random_uuid()::text, '-', ''), repeat('0', 64))
    ON CONFLICT DO NOTHING RETURNING key \gset
SELECT id FROM accounts_user WHERE id = :person FOR NO KEY UPDATE;
SELECT id FROM accounts_account WHERE id = :owner FOR NO KEY UPDATE;
SELECT id AS from_holding, available AS from_available FROM licenses_holding
    WHERE account_id = :seller AND product_id = :product FOR NO KEY UPDATE \gset
SELECT id AS to_holding, available AS to_available FROM licenses_holding
    WHERE account_id = :owner AND product_id = :product FOR NO KEY UPDATE \gset
\if :from_available >= :quantity
INSERT INTO licenses_journalentry (number, kind, posted_at, giver_id, receiver_id, posted_by_id, acting_as_id, reference, note)
    VALUES ('S-' || :year || '-' || lpad(next_entry_number('s_' || :year)::text, 6, '0'), 'sale', now(), :seller, :owner, :person, :seller, '', '')
    RETURNING id AS entry, number \gset
INSERT INTO licenses_journalline (entry_id, account_id, product_id, state, quantity, balance)
    VALUES (:entry, :seller, :product, 'available', -(:quantity::bigint), :from_available::bigint - :quantity::bigint),
        (:entry, :owner, :product, 'available', :quantity, :to_available::bigint + :quantity::bigint);
UPDATE licenses_holding SET available = available - :quantity, sold = sold + :quantity WHERE id = :from_holding;
UPDATE licenses_holding SET available = available + :quantity WHERE id = :to_holding;
INSERT INTO post_office_email (from_email, "to", cc, bcc, subject, message, html_message, status, created, last_updated, scheduled_time,
        headers, number_of_retries, backend_alias)
    VALUES ('notices@localhost', 'somebody@example.com', '', '', 'Licenses from somebody', '', '', 2, now(), now(), now(), '{}', 0, '')
    RETURNING id AS email \gset
INSERT INTO foundation_notice (kind, event, account, copy_to, email_id, asked_for_by, queued_at, last_error)
    VALUES ('licenses/emails/licenses_sold', :number, 'somebody', '', :email, '', now(), '');
UPDATE foundation_submission SET result_type_id = :entries, result_id = :entry WHERE key = :key;
COMMIT;
\else
ROLLBACK;
\endif
