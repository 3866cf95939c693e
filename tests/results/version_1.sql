BEGIN TRANSACTION;
CREATE TABLE epochs (
	run_id INTEGER NOT NULL, 
	attempt INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	train_loss DOUBLE, 
	val_loss DOUBLE, 
	train_accuracy DOUBLE, 
	val_accuracy DOUBLE, 
	objective DOUBLE, 
	learning_rate DOUBLE, 
	steps INTEGER NOT NULL, 
	seconds DOUBLE, 
	series TEXT, 
	PRIMARY KEY (run_id, attempt, epoch), 
	FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "epochs" VALUES(1,1,1,2.5,2.25,0.5,0.25,2.75,0.001,10,0.5,NULL);
CREATE TABLE experiments (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	spec TEXT NOT NULL, 
	visitor TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "experiments" VALUES('old','kept','{"version": 1}','local',100.0);
CREATE TABLE runs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	experiment_id TEXT NOT NULL, 
	variant TEXT NOT NULL, 
	seed BIGINT NOT NULL, 
	position INTEGER NOT NULL, 
	status TEXT NOT NULL, 
	message TEXT, 
	owner TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	heartbeat DOUBLE NOT NULL, 
	created_at DOUBLE NOT NULL, 
	started_at DOUBLE, 
	finished_at DOUBLE, 
	setup_seconds DOUBLE, 
	ended_by TEXT, 
	provenance TEXT, 
	CONSTRAINT one_run_per_variant_and_seed UNIQUE (experiment_id, variant, seed), 
	CONSTRAINT known_status CHECK (status IN ('queued', 'running', 'finished', 'failed', 'cancelled')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (id) ON DELETE CASCADE
);
INSERT INTO "runs" VALUES(1,'old','baseline',0,0,'finished',NULL,'server',1,103.0,100.0,101.0,103.0,1.5,'epochs','{"engine":"1"}');
INSERT INTO "runs" VALUES(2,'old','baseline',1,1,'queued',NULL,'server',1,100.0,100.0,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE test_metrics (
	run_id INTEGER NOT NULL, 
	attempt INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	test_loss DOUBLE, 
	test_accuracy DOUBLE, 
	PRIMARY KEY (run_id, attempt, epoch), 
	FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "test_metrics" VALUES(1,1,1,2.0,0.5);
CREATE INDEX experiments_by_age ON experiments (created_at);
CREATE INDEX experiments_by_visitor ON experiments (visitor, created_at);
CREATE INDEX runs_by_heartbeat ON runs (status, heartbeat);
CREATE INDEX runs_by_owner ON runs (owner, status);
CREATE INDEX runs_by_experiment ON runs (experiment_id, position);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('runs',2);
COMMIT;
