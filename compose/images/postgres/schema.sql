-- An order is stored once for each idempotency key; the traders fill it once.
CREATE TABLE orders (
  id bigserial PRIMARY KEY,
  client_order_id text NOT NULL,
  idempotency_key text UNIQUE,
  symbol text NOT NULL,
  side text NOT NULL,
  quantity double precision NOT NULL,
  filled boolean NOT NULL DEFAULT false
);

CREATE INDEX orders_by_client_order_id ON orders (client_order_id);

CREATE INDEX orders_pending ON orders (id) WHERE NOT filled;

CREATE TABLE fills (
  client_order_id text PRIMARY KEY,
  token bigint NOT NULL,
  filled_at timestamptz NOT NULL DEFAULT now()
);

-- The highest fencing token that has written: a leader with a lower one is too late.
CREATE TABLE fence (
  token bigint NOT NULL
);

INSERT INTO fence VALUES (0);
