-- What a run's rows added up to when they were committed, each seal chained to the one before it.
-- Runs of releases before this one have none.
CREATE TABLE seals (
  run_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  version INTEGER NOT NULL,
  kind TEXT NOT NULL,
  cycle INTEGER NOT NULL,
  replay INTEGER NOT NULL,
  is_replay BOOLEAN NOT NULL,
  is_simulated BOOLEAN NOT NULL,
  sums JSON NOT NULL,
  agents JSON,
  chain TEXT NOT NULL,
  recorded_at TIMESTAMP NOT NULL,
  PRIMARY KEY (run_id, seq)
);
-- How many there are: whoever adds one takes hold of the run's row by this.
ALTER TABLE runs ADD COLUMN seals INTEGER NOT NULL DEFAULT 0;
