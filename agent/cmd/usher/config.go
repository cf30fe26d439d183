package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/rs/zerolog"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

const (
	configName   = "usher.yaml"
	databaseName = "usher.db"
	storeName    = "secrets.age"
	opConfig     = "read the configuration"
)

// config is usher.yaml. Paths in it are relative to the folder it lies in.
type config struct {
	Database    string                      `yaml:"database"`
	Key         string                      `yaml:"key"`
	Secrets     string                      `yaml:"secrets"`
	Selectors   string                      `yaml:"selectors"`
	Zone        string                      `yaml:"zone"`
	Browser     browserConfig               `yaml:"browser"`
	Guard       guardConfig                 `yaml:"guard"`
	Log         logConfig                   `yaml:"log"`
	Alerts      map[string]alertConfig      `yaml:"alerts"`
	Connections map[string]connectionConfig `yaml:"connections"`

	path  string   // where it was read, absolute
	order []string // the names of the connections, as the file has them
	sinks []string // those of the receivers of alerts, likewise
}

type browserConfig struct {
	Bin      string `yaml:"bin"`
	Remote   string `yaml:"remote"`
	Sandbox  string `yaml:"sandbox"`
	Download bool   `yaml:"download"`
}

type guardConfig struct {
	Protected []string   `yaml:"protected"`
	Caps      capsConfig `yaml:"caps"`
}

// capsConfig bounds the writes. What is not said keeps its default; zero is refused, because
// it would mean "no bound".
type capsConfig struct {
	PerRun *int `yaml:"per_run"`
	PerDay *int `yaml:"per_day"`
	// Percent of the last complete roster, per command; a day may have twice that.
	Percent *float64 `yaml:"percent"`
}

type logConfig struct {
	Level string `yaml:"level"`
}

type connectionConfig struct {
	App       string            `yaml:"app"`
	Via       string            `yaml:"via"`
	URL       string            `yaml:"url"`
	API       string            `yaml:"api"`
	SignIn    string            `yaml:"sign_in"`
	Workspace string            `yaml:"workspace"`
	UsersPage string            `yaml:"users_page"`
	SSO       string            `yaml:"sso"`
	ReadOnly  bool              `yaml:"read_only"`
	PerSecond float64           `yaml:"requests_per_second"`
	Acts      []string          `yaml:"acts"`
	Holdings  string            `yaml:"holdings"`
	Protected []string          `yaml:"protected"`
	Schedule  string            `yaml:"schedule"`
	Zone      string            `yaml:"zone"`
	Secrets   map[string]string `yaml:"secrets"`
}

// findConfig returns the path of the configuration: what was asked for, else usher.yaml here, else
// that of the user's own folder.
func findConfig(asked string) (string, error) {
	path, tried, err := lookForConfig(asked)
	if err == nil && path == "" {
		return "", flows.Errorf(flows.Invalid, opConfig, "there is no %s", strings.Join(tried, " and no ")).
			WithHint("run `usher init`, or name the file with --config; `usher demo` needs none")
	}
	return path, err
}

// lookForConfig is findConfig for who can do without: where there is none, the path is empty, and
// tried says where it was looked for.
func lookForConfig(asked string) (path string, tried []string, err error) {
	if asked == "" {
		asked = os.Getenv("USHER_CONFIG")
	}
	if asked != "" {
		path, err = filepath.Abs(asked)
		return path, nil, err
	}
	tried = []string{configName}
	if dir, err := userConfigDir(); err == nil {
		tried = append(tried, filepath.Join(dir, configName))
	}
	for _, p := range tried {
		_, err := os.Stat(p)
		if err == nil {
			path, err = filepath.Abs(p)
			return path, nil, err
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", nil, flows.Errorf(flows.Invalid, opConfig, "%w", err)
		}
	}
	return "", tried, nil
}

// userConfigDir is usher's folder in the user's configuration.
func userConfigDir() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the user's configuration folder: %w", err)
	}
	return filepath.Join(dir, "usher"), nil
}

// loadConfig reads and checks the file at path against the apps there are.
func loadConfig(path string, apps []flows.App) (*config, error) {
	b, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		e := flows.Errorf(flows.Invalid, opConfig, "%w", err)
		if errors.Is(err, fs.ErrNotExist) {
			_ = e.WithHint("run `usher init --config %s`, or name another file with --config", path)
		}
		return nil, e
	}
	return parseConfig(path, b, apps)
}

// parseConfig reads and checks the bytes of a configuration. Every error points at its line.
func parseConfig(path string, b []byte, apps []flows.App) (*config, error) {
	src := &source{path: path, text: string(b)}
	c := &config{path: path}
	if err := c.read(src, b, apps); err != nil {
		if e, ok := errors.AsType[*flows.Error](err); ok && e.Hint == "" {
			_ = e.WithHint("put that right in %s, then see with `usher apps` whether all of it is", path)
		}
		return nil, err
	}
	c.settle()
	return c, nil
}

func (c *config) read(src *source, b []byte, apps []flows.App) error {
	if err := src.parse(); err != nil {
		return err
	}
	if err := yaml.UnmarshalWithOptions(b, c, yaml.Strict()); err != nil {
		return src.wrap(err)
	}
	c.order, c.sinks = src.keys("connections"), src.keys("alerts")
	if err := c.check(src, apps); err != nil {
		return err
	}
	c.addresses(apps)
	return nil
}

// addresses puts in what the vendors document for all their customers, where a connection names none.
func (c *config) addresses(apps []flows.App) {
	for name, k := range c.Connections {
		if way, ok := wayOf(apps, k.App, k.Via); ok && k.URL == "" {
			k.URL = way.URL
			c.Connections[name] = k
		}
	}
}

// wayOf returns the way of the app of that name; the empty name asks for the app's default way.
func wayOf(apps []flows.App, app, via string) (flows.Way, bool) {
	i := slices.IndexFunc(apps, func(a flows.App) bool { return a.Name == app })
	if i < 0 {
		return flows.Way{}, false
	}
	return apps[i].Way(via)
}

// settle puts in the defaults and makes every path absolute.
func (c *config) settle() {
	dir := filepath.Dir(c.path)
	abs := func(p, otherwise string) string {
		if p == "" {
			p = otherwise
		}
		if p == "" || filepath.IsAbs(p) {
			return p
		}
		return filepath.Join(dir, p)
	}
	c.Database = abs(c.Database, databaseName)
	c.Secrets = abs(c.Secrets, storeName)
	c.Selectors = abs(c.Selectors, "")
	c.Browser.Bin = abs(c.Browser.Bin, "")
}

// connections returns them as flows knows them, in the order of the file.
func (c *config) connections() []flows.Connection {
	out := make([]flows.Connection, 0, len(c.order))
	for _, name := range c.order {
		k := c.Connections[name]
		zone := k.Zone
		if zone == "" {
			zone = c.Zone
		}
		out = append(out, flows.Connection{
			Name: name, App: k.App, Via: k.Via, URL: k.URL, API: k.API, ReadOnly: k.ReadOnly, PerSecond: k.PerSecond, SignIn: k.SignIn, Workspace: k.Workspace,
			UsersPage: k.UsersPage, SSO: k.SSO, Acts: k.Acts, Holdings: k.Holdings,
			Protected: k.Protected, Schedule: k.Schedule, Zone: zone, Secrets: k.Secrets,
		})
	}
	return out
}

// policy returns what the guards go by.
func (c *config) policy() agent.Policy {
	caps := agent.DefaultCaps()
	if k := c.Guard.Caps; k.PerRun != nil {
		caps.PerRun = *k.PerRun
	}
	if k := c.Guard.Caps; k.PerDay != nil {
		caps.PerDay = *k.PerDay
	}
	if k := c.Guard.Caps; k.Percent != nil {
		caps.PerRunPercent, caps.PerDayPercent = *k.Percent, 2**k.Percent
	}
	return agent.Policy{Protected: c.Guard.Protected, Caps: caps}
}

// resolver returns what finds the configuration's secrets.
func (c *config) resolver() *secrets.Resolver {
	return secrets.NewResolver(secrets.WithStore(c.Secrets, c.Key))
}

// level returns the configured log level; empty: the command's own.
func (c *config) level() string { return c.Log.Level }

// goodLevel says whether zerolog knows the level.
func goodLevel(s string) bool {
	_, err := zerolog.ParseLevel(s)
	return err == nil && s != ""
}
