CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE customers (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, promo INTEGER NOT NULL, welcome INTEGER NOT NULL,
    paid INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE config_versions (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, status TEXT NOT NULL,
    rules TEXT NOT NULL, created_at REAL NOT NULL
);
CREATE TABLE eggs (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, user_id TEXT NOT NULL,
    audience TEXT NOT NULL, status TEXT NOT NULL, visual_variant INTEGER NOT NULL, config_version_id TEXT NOT NULL,
    buddy_id TEXT, metadata TEXT NOT NULL, created_at REAL NOT NULL
);
CREATE INDEX eggs_by_user ON eggs (customer_id, user_id);
CREATE TABLE buddies (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, user_id TEXT NOT NULL,
    audience TEXT NOT NULL, name TEXT NOT NULL, config_version_id TEXT NOT NULL, status TEXT NOT NULL,
    state TEXT NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL
);
CREATE INDEX buddies_by_user ON buddies (customer_id, user_id);
CREATE UNIQUE INDEX one_active_buddy ON buddies (customer_id, user_id, audience) WHERE status = 'active';
CREATE TABLE ledger (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, buddy_id TEXT NOT NULL, slot TEXT NOT NULL, amount INTEGER NOT NULL,
    balance INTEGER NOT NULL, reason TEXT NOT NULL, reference_id TEXT, created_at REAL NOT NULL
);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, customer_id TEXT NOT NULL, event_id TEXT NOT NULL, user_id TEXT NOT NULL,
    type TEXT NOT NULL, audience TEXT NOT NULL, buddy_id TEXT, effects TEXT NOT NULL, occurred_at REAL NOT NULL,
    applied_at REAL NOT NULL,
    UNIQUE (customer_id, event_id)
);
CREATE TABLE usage (
    customer_id TEXT NOT NULL, month TEXT NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (customer_id, month)
) WITHOUT ROWID;
CREATE TABLE operations (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, type TEXT NOT NULL,
    subject TEXT NOT NULL, data TEXT NOT NULL, status TEXT NOT NULL, result TEXT, error TEXT, failure TEXT,
    pool TEXT, polls_left INTEGER, due_at REAL, created_at REAL NOT NULL, updated_at REAL NOT NULL
);
CREATE INDEX operations_due ON operations (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE evolutions (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, buddy_id TEXT NOT NULL, from_stage INTEGER NOT NULL,
    to_stage INTEGER NOT NULL, event_id TEXT, source TEXT NOT NULL, occurred_at REAL NOT NULL
);
CREATE INDEX evolutions_by_buddy ON evolutions (buddy_id);
CREATE TABLE renders (
    buddy_id TEXT NOT NULL, stage INTEGER NOT NULL, items TEXT NOT NULL, PRIMARY KEY (buddy_id, stage, items)
) WITHOUT ROWID;
CREATE TABLE path_definitions (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, audience TEXT NOT NULL,
    key TEXT NOT NULL, label TEXT NOT NULL, description TEXT, icon TEXT NOT NULL, accent_color TEXT,
    display_mode TEXT NOT NULL, is_active INTEGER NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL,
    UNIQUE (customer_id, audience, key)
);
CREATE TABLE path_steps (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    path_definition_id TEXT NOT NULL REFERENCES path_definitions (id) ON DELETE CASCADE,
    key TEXT NOT NULL, label TEXT NOT NULL, description TEXT, icon TEXT, ordinal INTEGER NOT NULL,
    unlock_condition TEXT, completion_condition TEXT, reward_coins INTEGER NOT NULL, reward_badge_key TEXT,
    is_active INTEGER NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL,
    UNIQUE (path_definition_id, key)
);
CREATE TABLE path_sub_steps (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    path_step_id TEXT NOT NULL REFERENCES path_steps (id) ON DELETE CASCADE,
    key TEXT NOT NULL, label TEXT NOT NULL, description TEXT, ordinal INTEGER NOT NULL, completion_condition TEXT,
    allow_manual_complete INTEGER NOT NULL, allow_skip_ahead INTEGER NOT NULL, reward_coins INTEGER NOT NULL,
    reward_badge_key TEXT, content_url TEXT, cta_label TEXT, is_active INTEGER NOT NULL, created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    UNIQUE (path_step_id, key)
);
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, buddy_id TEXT NOT NULL, scopes TEXT NOT NULL,
    revoked INTEGER NOT NULL, expires_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE webhook_endpoints (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, url TEXT NOT NULL,
    events TEXT NOT NULL, description TEXT, secret TEXT NOT NULL, status TEXT NOT NULL, created_at REAL NOT NULL,
    updated_at REAL NOT NULL
);
CREATE TABLE webhook_deliveries (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    event TEXT NOT NULL, body TEXT NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL, response_code INTEGER,
    duration_ms REAL, error_message TEXT, last_attempt_at REAL, due_at REAL, created_at REAL NOT NULL
);
CREATE INDEX deliveries_by_endpoint ON webhook_deliveries (endpoint_id);
CREATE INDEX deliveries_due ON webhook_deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE idempotency (
    customer_id TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, status INTEGER NOT NULL,
    body BLOB NOT NULL, expires_at REAL NOT NULL, PRIMARY KEY (customer_id, key)
) WITHOUT ROWID;
