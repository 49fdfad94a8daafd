-- The state of one deployment (one tenant). Runs in SQLite as it stands; PostgreSQL differs in types only (AUTOINCREMENT = identity; numbers are never reused).
-- Times: RFC 3339, UTC, Z, milliseconds, as text. JSON: canonical text (sorted keys, shortest numbers).

CREATE TABLE sync_schema (version INTEGER NOT NULL, deployment TEXT NOT NULL, created_at TEXT NOT NULL);

-- raw deliveries; committed (fsync) before 200 goes out; mapped to events afterwards
CREATE TABLE sync_requests (
  request_id INTEGER PRIMARY KEY AUTOINCREMENT, system TEXT NOT NULL, account TEXT, delivery_id TEXT, received_at TEXT NOT NULL,
  method TEXT NOT NULL, path TEXT NOT NULL, query TEXT, headers TEXT NOT NULL, body BLOB NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('new','mapped','rejected')), reason TEXT, UNIQUE (system, delivery_id));

-- events; insert = admission. lane = what is decided one at a time: 'L'||link_id, or 'R'||system/account/resource/record_id while unlinked.
-- event_id: the provider's, or BATCH#n, or a listing's RUN/NNNNNNNN, or replay:REJECT:N. fence rises at every emission, return and take-back.
CREATE TABLE sync_inbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, lane TEXT NOT NULL, link_id INTEGER, system TEXT NOT NULL, account TEXT NOT NULL, resource TEXT NOT NULL,
  record_id TEXT NOT NULL, event_type TEXT NOT NULL, event_id TEXT NOT NULL, path TEXT NOT NULL CHECK (path = 'webhook' OR path = 'stream' OR path = 'delta' OR path = 'manual'),
  request_id INTEGER REFERENCES sync_requests, run_id TEXT, received_at TEXT NOT NULL, map_hash TEXT NOT NULL, payload TEXT NOT NULL,
  not_before TEXT NOT NULL, lease TEXT, fence INTEGER NOT NULL DEFAULT 0, leased_ms INTEGER, attempts INTEGER NOT NULL DEFAULT 0, folded_into INTEGER,
  disposition TEXT, reason TEXT, disposed_at TEXT, UNIQUE (system, account, event_id));
CREATE INDEX sync_inbox_ready ON sync_inbox (not_before, seq) WHERE disposition IS NULL AND lease IS NULL AND folded_into IS NULL;
CREATE UNIQUE INDEX sync_inbox_held ON sync_inbox (lane) WHERE disposition IS NULL AND lease IS NOT NULL AND folded_into IS NULL;
CREATE INDEX sync_inbox_pending ON sync_inbox (lane, seq) WHERE disposition IS NULL;
CREATE INDEX sync_inbox_request ON sync_inbox (request_id);
-- emission (1-2 ms a batch with 1,000,000 pending, measured): UPDATE OR IGNORE sync_inbox SET lease=:p, fence=fence+1, leased_ms=:ms WHERE seq IN (
--   SELECT seq FROM sync_inbox i WHERE disposition IS NULL AND lease IS NULL AND folded_into IS NULL AND not_before <= :now
--   AND NOT EXISTS (SELECT 1 FROM sync_inbox h WHERE h.lane = i.lane AND h.disposition IS NULL AND h.lease IS NOT NULL AND h.folded_into IS NULL)
--   AND NOT EXISTS (SELECT 1 FROM sync_intents n WHERE n.link_id = i.link_id AND n.state IN ('prepared','sent'))
--   ORDER BY not_before, seq LIMIT 256) RETURNING *;

-- records that are one thing; generation counts committed decisions
CREATE TABLE sync_links (
  link_id INTEGER PRIMARY KEY AUTOINCREMENT, resource_type TEXT NOT NULL, external_id TEXT NOT NULL UNIQUE, owned_by TEXT,
  generation INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL, ended_at TEXT, ended_why TEXT);

-- one end of a link: the guide's sync_metadata, with the shadow. record_id is the id in external_system
CREATE TABLE sync_metadata (
  resource_type TEXT NOT NULL, record_id TEXT NOT NULL, external_system TEXT NOT NULL, account TEXT NOT NULL,
  link_id INTEGER NOT NULL REFERENCES sync_links, sync_source TEXT NOT NULL, sync_actor TEXT NOT NULL, correlation_id TEXT,
  synced_at TEXT NOT NULL, field_hash TEXT NOT NULL, fields TEXT NOT NULL, diverged TEXT NOT NULL DEFAULT '[]',
  version TEXT, etag TEXT, map_hash TEXT NOT NULL, deleted_at TEXT,
  PRIMARY KEY (resource_type, record_id, external_system, account), UNIQUE (link_id, external_system, account)) WITHOUT ROWID;

-- decided but not yet stored at a target: counts as changed at its source, in either direction, until written or dropped
CREATE TABLE sync_owed (
  link_id INTEGER NOT NULL REFERENCES sync_links, field TEXT NOT NULL, target TEXT NOT NULL, source TEXT NOT NULL,
  value TEXT NOT NULL, since TEXT NOT NULL, not_before TEXT NOT NULL, refused TEXT, PRIMARY KEY (link_id, field, target)) WITHOUT ROWID;
CREATE INDEX sync_owed_due ON sync_owed (not_before) WHERE refused IS NULL;

-- the write ledger: committed (fsync) before the request. unknown: a create whose outcome nobody can tell; lost: an update or delete without an answer.
-- Outside, the token is DEPLOYMENT-token
CREATE TABLE sync_intents (
  token INTEGER PRIMARY KEY AUTOINCREMENT, seq INTEGER, link_id INTEGER NOT NULL, generation INTEGER NOT NULL, target TEXT NOT NULL, account TEXT NOT NULL,
  resource_type TEXT NOT NULL, record_id TEXT, external_id TEXT NOT NULL, action TEXT NOT NULL CHECK (action = 'create' OR action = 'update' OR action = 'delete'),
  fields TEXT NOT NULL, before TEXT, idempotency_key TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state = 'prepared' OR state = 'sent' OR state = 'done' OR state = 'failed' OR state = 'lost' OR state = 'unknown'), owner TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL, sent_at TEXT, settled_at TEXT, http_status INTEGER, response TEXT);
CREATE UNIQUE INDEX sync_intents_open ON sync_intents (link_id, target, account) WHERE state = 'prepared' OR state = 'sent' OR state = 'unknown';
CREATE INDEX sync_intents_recent ON sync_intents (target, account, resource_type, record_id, settled_at);

-- match keys of every record seen, linked or not
CREATE TABLE sync_keys (
  resource_type TEXT NOT NULL, key_hash TEXT NOT NULL, external_system TEXT NOT NULL, account TEXT NOT NULL, record_id TEXT NOT NULL, seen_at TEXT NOT NULL,
  PRIMARY KEY (resource_type, external_system, account, record_id, key_hash)) WITHOUT ROWID;
CREATE INDEX sync_keys_hash ON sync_keys (resource_type, key_hash, external_system, account, record_id);

-- match keys claimed while a create is under way, so that two creates of one thing cannot run at once
CREATE TABLE sync_claims (resource_type TEXT NOT NULL, key_hash TEXT NOT NULL, token INTEGER NOT NULL REFERENCES sync_intents, PRIMARY KEY (resource_type, key_hash));

CREATE TABLE sync_watermarks (
  sync_job_id TEXT NOT NULL, account_id TEXT NOT NULL, resource_type TEXT NOT NULL, last_successful TEXT, last_attempted TEXT,
  status TEXT NOT NULL CHECK (status IN ('completed','failed','running','rate_limited','partial_failure')), record_count INTEGER,
  cursor TEXT, fingerprint TEXT NOT NULL, PRIMARY KEY (sync_job_id, account_id, resource_type));
CREATE TABLE sync_runs (
  run_id TEXT PRIMARY KEY, sync_job_id TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('first_load','delta','verify','manual')),
  started_at TEXT NOT NULL, ended_at TEXT, page_cursor TEXT, listed INTEGER NOT NULL DEFAULT 0, admitted INTEGER NOT NULL DEFAULT 0,
  creates INTEGER NOT NULL DEFAULT 0, updates INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL DEFAULT 0, deletes INTEGER NOT NULL DEFAULT 0, complete INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL);

CREATE TABLE sync_conflicts (
  conflict_id INTEGER PRIMARY KEY, at TEXT NOT NULL, link_id INTEGER NOT NULL, field TEXT NOT NULL, base TEXT, ends TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open','resolved')), resolution TEXT, resolved_by TEXT, resolved_at TEXT);
CREATE TABLE sync_rejects (
  reject_id INTEGER PRIMARY KEY, at TEXT NOT NULL, stage TEXT NOT NULL, seq INTEGER, request_id INTEGER, system TEXT, account TEXT,
  resource TEXT, record_id TEXT, target TEXT, code TEXT NOT NULL, text TEXT NOT NULL, record TEXT, request TEXT, response TEXT,
  state TEXT NOT NULL CHECK (state IN ('open','replayed','dropped')));
CREATE TABLE sync_pauses (
  pause_id INTEGER PRIMARY KEY, scope TEXT NOT NULL CHECK (scope IN ('all','account','direction','resource','record','run')),
  run_id TEXT, system TEXT, account TEXT, direction TEXT, resource TEXT, record_id TEXT, reason TEXT NOT NULL, by TEXT NOT NULL, since TEXT NOT NULL, until TEXT);
CREATE TABLE sync_counters (metric TEXT NOT NULL, system TEXT NOT NULL, account TEXT NOT NULL, minute TEXT NOT NULL, value INTEGER NOT NULL,
  PRIMARY KEY (metric, system, account, minute));
-- append-only: why every field is what it is
CREATE TABLE sync_history (
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, seq INTEGER, link_id INTEGER, resource_type TEXT, system TEXT, record_id TEXT, field TEXT,
  rule TEXT NOT NULL, base TEXT, source TEXT, target TEXT, outcome TEXT NOT NULL, token TEXT, text TEXT);
CREATE INDEX sync_history_link ON sync_history (link_id, at);
-- a pipeline or a job; renewed every 10 s by any stage of it, one UPDATE; expires_ms on the boot clock of the host (server's clock on PostgreSQL)
CREATE TABLE sync_leases (name TEXT PRIMARY KEY, owner TEXT NOT NULL, host TEXT NOT NULL, boot_id TEXT NOT NULL, pid INTEGER NOT NULL, expires_ms INTEGER NOT NULL);
CREATE TABLE sync_tokens (system TEXT NOT NULL, account TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, expires_at TEXT, PRIMARY KEY (system, account, kind));
CREATE TABLE sync_buckets (system TEXT NOT NULL, account TEXT NOT NULL, bucket TEXT NOT NULL, tokens REAL NOT NULL, refilled_at TEXT NOT NULL, closed_until TEXT, PRIMARY KEY (system, account, bucket));

-- what gc removed, so that the balance holds for ever
CREATE TABLE sync_totals (disposition TEXT PRIMARY KEY, events INTEGER NOT NULL);

-- for people
CREATE VIEW v_pending AS SELECT seq, system, resource, record_id, received_at, lease, not_before, attempts FROM sync_inbox WHERE disposition IS NULL;
CREATE VIEW v_balance AS SELECT disposition, sum(events) AS events FROM (SELECT coalesce(disposition, 'pending') AS disposition, count(*) AS events FROM sync_inbox GROUP BY 1
  UNION ALL SELECT disposition, events FROM sync_totals) GROUP BY 1;
CREATE VIEW v_writes AS SELECT created_at, target, resource_type, record_id, action, state, http_status, fields FROM sync_intents;

-- additions to the contract: sync_runs.changed (for max_changed), indexes, and what follows. In sync_inbox and sync_intents IN (...) is written as OR: for a
-- list of three SQLite makes and drops a table in memory at each row that is written.
-- sync_links.ended_why without ended_at: the link ends with the last of its open writes, if all of them are done
CREATE INDEX sync_requests_new ON sync_requests (request_id) WHERE state = 'new';
CREATE INDEX sync_inbox_record ON sync_inbox (resource, record_id, system, account);
CREATE UNIQUE INDEX sync_conflicts_open ON sync_conflicts (link_id, field) WHERE state = 'open';

-- what a system stored otherwise than its definition's `stores:` says (settlement.odd); sent and stored are canonical JSON, at most 20 pairs a field
CREATE TABLE sync_oddities (
  resource_type TEXT NOT NULL, system TEXT NOT NULL, field TEXT NOT NULL, sent TEXT NOT NULL, stored TEXT NOT NULL,
  n INTEGER NOT NULL, first_at TEXT NOT NULL, last_at TEXT NOT NULL,
  PRIMARY KEY (resource_type, system, field, sent, stored)) WITHOUT ROWID;
-- what shadows were taken under: map_hash, and the same by field (config/mapping.h), so that only those are no base that are mapped otherwise now
CREATE TABLE sync_maps (map_hash TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
-- records of links that are not there, though nobody said that they were deleted; since they were looked for in vain first
CREATE TABLE sync_gone (
  link_id INTEGER NOT NULL, system TEXT NOT NULL, record_id TEXT NOT NULL, since TEXT NOT NULL, PRIMARY KEY (link_id, system)) WITHOUT ROWID;
-- events that wait for a record to be linked (STORE_PARENT_FORMAT of store.h)
CREATE INDEX sync_inbox_parent ON sync_inbox (reason) WHERE disposition IS NULL AND reason >= 'parent ' AND reason < 'parent!';
