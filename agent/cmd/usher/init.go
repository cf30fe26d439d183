package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

func (c *cli) initCommand() *cobra.Command {
	var key string
	var database bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write usher.yaml, the key and the database",
		Long: "init writes a configuration (--config says where, usher.yaml here is the default), a new key, and an empty\n" +
			"database. It overwrites nothing. The key opens secrets, sessions and pictures: it lies apart from the\n" +
			"database, in the user's configuration folder or where --key says, and should be kept safe elsewhere too.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if database {
				return c.initDatabase(cmd.Context())
			}
			return c.init(cmd.Context(), key)
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "write the key to this `file`")
	cmd.Flags().BoolVar(&database, "database", false, "only make the database that the configuration names")
	return cmd
}

func (c *cli) init(ctx context.Context, key string) error {
	path, key, err := c.initPaths(key)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	for _, p := range []string{path, key, filepath.Join(dir, databaseName), filepath.Join(dir, storeName)} {
		if _, err := os.Lstat(p); err == nil {
			return usage("%s is there already, and init overwrites nothing", p).
				WithHint("name other files with --config and --key")
		} else if !errors.Is(err, fs.ErrNotExist) {
			return flows.Errorf(flows.Invalid, "init", "%w", err)
		}
	}
	made := &made{}
	if err := c.initFiles(ctx, path, key, made); err != nil {
		if _, ok := errors.AsType[*flows.Error](err); !ok {
			err = flows.Errorf(flows.Invalid, "init", "%w", err).WithHint("see whether this user may write there, and whether the disk is full")
		}
		return errors.Join(err, made.undo())
	}
	if c.format == formatJSON {
		return c.json(map[string]string{"config": path, "key": key, "database": filepath.Join(dir, databaseName)})
	}
	return c.line("configuration: %s\nkey:           %s (keep a copy in a safe place: without it, secrets, sessions and pictures are lost)\n"+
		"database:      %s\n\nnext: usher connect APP, where APP is thoropass, stonly or spekit", path, key, filepath.Join(dir, databaseName))
}

// initPaths returns where the configuration and the key go.
func (c *cli) initPaths(key string) (path, keyPath string, err error) {
	path = c.configPath
	if path == "" {
		path = os.Getenv("USHER_CONFIG")
	}
	if path == "" {
		path = configName
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", "", failed("init", err)
	}
	if key == "" {
		dir, err := userConfigDir()
		if err != nil {
			return "", "", usage("%s", err).WithHint("say where the key goes with --key FILE")
		}
		key = filepath.Join(dir, "key")
	}
	if keyPath, err = filepath.Abs(key); err != nil {
		return "", "", failed("init", err)
	}
	if filepath.Dir(keyPath) == filepath.Dir(path) {
		return "", "", usage("the key must not lie beside the database that it opens (%s)", filepath.Dir(path)).
			WithHint("say where the key goes with --key FILE")
	}
	return path, keyPath, nil
}

// made remembers what was made, to take it back.
type made struct{ paths []string }

func (m *made) add(path string) { m.paths = append(m.paths, path) }

func (m *made) undo() error {
	var errs []error
	for _, p := range m.paths {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (c *cli) initFiles(ctx context.Context, path, key string, made *made) error {
	if err := os.MkdirAll(filepath.Dir(path), privateDir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(key), privateDir); err != nil {
		return err
	}
	if err := writeKey(key); err != nil {
		return err
	}
	made.add(key)
	text := fmt.Sprintf(configTemplate, databaseName, yamlText("file:"+key), storeName)
	known, err := apps()
	if err != nil {
		return err
	}
	conf, err := parseConfig(path, []byte(text), known)
	if err != nil {
		return err
	}
	made.add(conf.Database)
	made.add(conf.Database + "-wal")
	made.add(conf.Database + "-shm")
	db, err := makeStore(ctx, conf)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return failed("close the database", err)
	}
	if err := create(path, []byte(text)); err != nil {
		return err
	}
	made.add(path)
	return nil
}

// writeKey makes a new key and writes it to a file of its own.
func writeKey(path string) error {
	key, err := secrets.NewIdentity()
	if err != nil {
		return err
	}
	// The key's file is one of the doors a secret must go through.
	return create(path, []byte(key.Reveal()+"\n"))
}

// yamlText returns a string as YAML writes it on one line.
func yamlText(s string) string {
	b, err := yaml.Marshal(s)
	if err != nil || strings.ContainsAny(strings.TrimSpace(string(b)), "\n") {
		return fmt.Sprintf("%q", s)
	}
	return strings.TrimSpace(string(b))
}

func (c *cli) initDatabase(ctx context.Context) error {
	conf, err := c.readConfig()
	if err != nil {
		return err
	}
	if _, err := os.Lstat(conf.Database); err == nil {
		return usage("%s is there already, and init overwrites nothing", conf.Database)
	}
	db, err := makeStore(ctx, conf)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return failed("close the database", err)
	}
	return c.line("database: %s", conf.Database)
}

const configTemplate = `# usher's configuration. Unknown keys and values are errors that point at their line.
# Paths are relative to this file. No secret stands here, only references to secrets:
#   env:NAME  file:/path  age:NAME (usher's own store)  keyring:SERVICE/USER  exec:COMMAND ...

database: %s
# The key opens the store of secrets, the kept sessions and the pictures. It lies apart from the database.
key: %s
secrets: %s

# selectors: sheets      # a folder of your own sheets, laid over those that come with usher
# zone: Europe/Berlin    # of the schedules; UTC where nothing is said

# browser:
#   bin: /usr/bin/chromium-headless-shell   # looked for where nothing is said
#   sandbox: on                             # the browser's own; off only where it cannot run at all

# guard:
#   protected: [ceo@example.com, "*@board.example.com"]   # never written to
#   caps: {per_run: 25, per_day: 50, percent: 10}         # of writes to one connection; percent of its roster

# Connections are the tenants that usher works in; ` + "`usher connect APP`" + ` adds one below:
#
# connections:
#   stonly:
#     app: stonly
#     url: https://app.stonly.com
#     workspace: Example Inc             # must be shown after sign-in
#     schedule: "0 3 * * *"              # read every night by ` + "`usher serve`" + `
#     secrets: {user: "env:STONLY_USER", password: "age:stonly.password"}
`
