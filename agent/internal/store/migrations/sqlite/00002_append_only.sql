-- What is on the record stays as it was written. Whoever gets past this by force breaks the chain of
-- hashes, and that shows.

-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER steps_update BEFORE UPDATE ON steps BEGIN SELECT RAISE(ABORT, 'steps is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER steps_delete BEFORE DELETE ON steps BEGIN SELECT RAISE(ABORT, 'steps is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER steps_late BEFORE INSERT ON steps WHEN (SELECT ended FROM runs WHERE id = NEW.run) > 0
BEGIN SELECT RAISE(ABORT, 'the run has ended'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER plans_update BEFORE UPDATE ON plans BEGIN SELECT RAISE(ABORT, 'plans is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER plans_delete BEFORE DELETE ON plans BEGIN SELECT RAISE(ABORT, 'plans is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER runs_update BEFORE UPDATE ON runs WHEN OLD.ended > 0 BEGIN SELECT RAISE(ABORT, 'the run has ended'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER runs_delete BEFORE DELETE ON runs BEGIN SELECT RAISE(ABORT, 'runs is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER orders_delete BEFORE DELETE ON orders BEGIN SELECT RAISE(ABORT, 'orders is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER presses_delete BEFORE DELETE ON presses BEGIN SELECT RAISE(ABORT, 'presses is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER presses_update BEFORE UPDATE ON presses WHEN OLD.state <> 'open' BEGIN SELECT RAISE(ABORT, 'the press is settled'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER snapshots_update BEFORE UPDATE ON snapshots BEGIN SELECT RAISE(ABORT, 'snapshots are never edited'); END;
-- +goose StatementEnd
