module github.com/usherhq/usher

go 1.26.0

// npm packages of the stand-ins' pages bring Go files of their own.
ignore node_modules

// Versions are pinned by hand; each line says what it is for.
require (
	filippo.io/age v1.3.2 // encryption of secrets, sessions and pictures: small, audited, one format
	github.com/emersion/go-smtp v0.25.1 // the receiver that the e-mail tests deliver to
	github.com/go-json-experiment/json v1.27.2 // the tokens of JSON in one pass, duplicate names refused: lists of a SCIM service
	github.com/go-rod/rod v0.116.2 // the DevTools protocol; frozen upstream, so never `go get -u` (its fetchup breaks)
	github.com/goccy/go-yaml v1.19.2 // strict YAML whose errors show line, column and source
	github.com/nicholas-fedor/shoutrrr v0.13.2 // alerts to Slack, e-mail, webhooks and some twenty others; the fork that is kept up
	github.com/pquerna/otp v1.5.0 // one-time codes (RFC 6238)
	github.com/pressly/goose/v3 v3.29.0 // numbered migrations, embedded, for both databases
	github.com/robfig/cron/v3 v3.0.1 // cron expressions and time zones
	github.com/rogpeppe/go-internal v1.16.0 // testscript: the command line as typed
	github.com/rs/zerolog v1.35.1 // structured logs from a context
	github.com/spf13/cobra v1.10.2 // commands, flags, completion
	github.com/uptrace/bun v1.3.0 // one SQL text on SQLite and Postgres
	github.com/uptrace/bun/dialect/sqlitedialect v1.3.0 // bun on SQLite
	github.com/ysmood/gson v0.7.3 // the JSON type of rod's own protocol
	github.com/zalando/go-keyring v0.2.8 // the desktop's keyring, without cgo
	golang.org/x/term v0.47.0 // prompts without echo; is this a terminal
	golang.org/x/time v0.16.0 // the budget of requests to a SCIM service
	modernc.org/sqlite v1.61.1 // SQLite without cgo, in one binary
	pgregory.net/rapid v1.3.0 // property tests
)

require (
	filippo.io/hpke v0.4.0 // indirect
	github.com/boombuler/barcode v1.0.1-0.20190219062509-6c824513bacc // indirect
	github.com/danieljoos/wincred v1.2.3 // indirect
	github.com/dustin/go-humanize v1.1.0 // indirect
	github.com/emersion/go-sasl v0.0.0-20241020182733-b788ff22d5a6 // indirect
	github.com/godbus/dbus/v5 v5.2.2 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/jinzhu/inflection v1.0.0 // indirect
	github.com/mattn/go-colorable v0.1.14 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/mfridman/interpolate v0.0.2 // indirect
	github.com/ncruces/go-strftime v1.1.0 // indirect
	github.com/puzpuzpuz/xsync/v3 v3.5.1 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	github.com/sethvargo/go-retry v0.5.0 // indirect
	github.com/spf13/pflag v1.0.10 // indirect
	github.com/tmthrgd/go-hex v0.0.0-20190904060850-447a3041c3bc // indirect
	github.com/vmihailenco/msgpack/v5 v5.4.1 // indirect
	github.com/vmihailenco/tagparser/v2 v2.0.0 // indirect
	github.com/ysmood/fetchup v0.2.3 // indirect
	github.com/ysmood/goob v0.4.0 // indirect
	github.com/ysmood/got v0.40.0 // indirect
	github.com/ysmood/leakless v0.9.0 // indirect
	go.uber.org/multierr v1.11.0 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
	modernc.org/libc v1.79.0 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
)
