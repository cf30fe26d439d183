-- What an update and a change of a group ask for, as JSON; empty where the order is none.

-- +goose Up
ALTER TABLE orders ADD COLUMN account_change TEXT NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN group_change TEXT NOT NULL DEFAULT '';
