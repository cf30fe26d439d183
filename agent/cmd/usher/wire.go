package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/agent/internal/alert"
	"github.com/usherhq/usher/agent/internal/store"
	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/all"
	"github.com/usherhq/usher/secrets"
	"github.com/usherhq/usher/selectors"
)

// side is how many connections are worked side by side: a page at work takes about one core.
const side = 2

// house is everything that a command needs, wired together and open. Who opens it closes it.
type house struct {
	conf     *config
	apps     []flows.App
	hands    *all.Hands
	store    agent.Store
	agent    *agent.Agent
	alerts   *alert.Sender
	resolver *secrets.Resolver
	progress *progress
}

// wiring are the parts that a command may want otherwise.
type wiring struct {
	progress *progress
	notice   agent.Notice
	// alertWithin bounds one send of an alert; 0 is what a command can wait for.
	alertWithin time.Duration
}

// apps returns the apps that there are, for what needs no browser.
func apps() ([]flows.App, error) {
	hands := all.New(all.Browser{})
	list := hands.Apps()
	return list, failed("put the apps away", hands.Close())
}

// readConfig finds and reads the configuration.
func (c *cli) readConfig() (*config, error) {
	path, err := findConfig(c.configPath)
	if err != nil {
		return nil, err
	}
	known, err := apps()
	if err != nil {
		return nil, err
	}
	return loadConfig(path, known)
}

// house reads the configuration and opens all parts.
func (c *cli) house(ctx context.Context) (*house, error) {
	conf, err := c.readConfig()
	if err != nil {
		return nil, err
	}
	return c.open(ctx, conf, wiring{progress: c.newProgress(), notice: logged{}})
}

// with opens the house, does the work and closes the house, whatever the work comes to.
func (c *cli) with(ctx context.Context, work func(context.Context, *house) error) error {
	h, err := c.house(ctx)
	if err != nil {
		return err
	}
	ctx = c.logger(h.conf.level()).WithContext(ctx)
	err = work(ctx, h)
	h.flushAlerts(ctx)
	return flows.Worst(err, h.close())
}

// open wires the parts of the configuration.
func (c *cli) open(ctx context.Context, conf *config, w wiring) (*house, error) {
	h := &house{conf: conf, progress: w.progress, resolver: conf.resolver()}
	identity, err := c.identity(ctx, h.resolver, conf.Key)
	if err != nil {
		return nil, err
	}
	box, err := secrets.NewBox(identity)
	if err != nil {
		return nil, flows.Errorf(flows.Invalid, opConfig, "%s: %w", conf.path, err)
	}
	if h.store, err = openStore(ctx, conf); err != nil {
		return nil, err
	}
	h.hands = all.New(all.Browser{
		Bin: conf.Browser.Bin, Remote: conf.Browser.Remote, NoSandbox: conf.Browser.Sandbox == "off",
		Download: conf.Browser.Download,
	})
	h.apps = h.hands.Apps()
	options := agent.Options{
		Store: h.store, Apps: h.apps, Connections: conf.connections(), Sheets: sheets(conf.Selectors),
		Secrets: c.secretsOf(h), Box: box, DigestKey: box.MAC("usher breaker digests"), Policy: conf.policy(),
		Notice: w.notice, Sinks: conf.alertSinks(),
	}
	if w.progress != nil {
		options.Progress = w.progress.report
	}
	if h.agent, err = agent.New(options); err != nil {
		if flows.CodeOf(err) == flows.Invalid {
			err = flows.Errorf(flows.Invalid, opConfig, "%s: %w", conf.path, err).WithHint("%s", flows.HintOf(err))
		}
		return nil, errors.Join(err, h.close())
	}
	if h.alerts, err = c.sender(h, w.alertWithin); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func openStore(ctx context.Context, conf *config) (agent.Store, error) {
	if strings.Contains(conf.Database, "://") {
		return nil, flows.Errorf(flows.Unsupported, "open the database", "only a file (SQLite) can hold the database yet").
			WithHint("write a path under `database` in %s", conf.path)
	}
	// A database that is not where it should be is not replaced by an empty one, which would know
	// of no freeze, no breaker and no press.
	if _, err := os.Stat(conf.Database); errors.Is(err, fs.ErrNotExist) {
		return nil, flows.Errorf(flows.Invalid, "open the database", "there is no %s", conf.Database).
			WithHint("if none is lost, make an empty one with `usher init --database`")
	}
	return makeStore(ctx, conf)
}

// makeStore opens the database, and makes it where there is none.
func makeStore(ctx context.Context, conf *config) (agent.Store, error) {
	db, err := store.Open(ctx, conf.Database)
	if err != nil {
		if _, ok := errors.AsType[*flows.Error](err); ok {
			return nil, err
		}
		return nil, flows.Errorf(flows.Invalid, "open the database", "%w", err).
			WithHint("see whether %s can be written by this user, and whether its disk is full", conf.Database)
	}
	return db, nil
}

// identity reads the key, and lets nobody print it.
func (c *cli) identity(ctx context.Context, r *secrets.Resolver, ref string) (secrets.Identity, error) {
	text, err := r.Resolve(ctx, ref)
	if err != nil {
		return secrets.Identity{}, flows.Errorf(flows.Invalid, "read the key", "%w", err).
			WithHint("`key` in the configuration says where it is; `usher init` makes a new one")
	}
	c.mask.Add(text)
	id, err := secrets.ParseIdentity(text)
	if err != nil {
		return id, flows.Errorf(flows.Invalid, "read the key", "%w", err)
	}
	return id, nil
}

// sheets returns what loads the sheets of an app, once each.
func sheets(overlay string) func(app string) (*selectors.Set, error) {
	var mu sync.Mutex
	loaded := map[string]*selectors.Set{}
	return func(app string) (*selectors.Set, error) {
		mu.Lock()
		defer mu.Unlock()
		if s := loaded[app]; s != nil {
			return s, nil
		}
		s, err := selectors.Load(app, overlay)
		if err != nil {
			return nil, flows.Errorf(flows.Invalid, "load the sheets of "+app, "%w", err)
		}
		loaded[app] = s
		return s, nil
	}
}

// secretsOf resolves references, and keeps what they lead to out of everything this process prints.
// What an app says may be shown (the address it signs in with) is not masked.
func (c *cli) secretsOf(h *house) func(context.Context, string) (secrets.Value, error) {
	public := h.publicRefs()
	return func(ctx context.Context, ref string) (secrets.Value, error) {
		v, err := h.resolver.Resolve(ctx, ref)
		if err == nil && !public[ref] {
			c.mask.Add(v)
		}
		return v, err
	}
}

// publicRefs are the references that lead to nothing but addresses.
func (h *house) publicRefs() map[string]bool {
	public, secret := map[string]bool{}, map[string]bool{}
	for _, conn := range h.conf.connections() {
		way, _ := h.app(conn.App).Way(conn.Via)
		for _, spec := range way.Secrets {
			if ref := conn.Secrets[spec.Name]; spec.Public {
				public[ref] = true
			} else {
				secret[ref] = true
			}
		}
	}
	for ref := range secret {
		delete(public, ref)
	}
	return public
}

// app returns the app of that name; the configuration was checked against them.
func (h *house) app(name string) flows.App {
	i := slices.IndexFunc(h.apps, func(a flows.App) bool { return a.Name == name })
	if i < 0 {
		return flows.App{Name: name, Title: name}
	}
	return h.apps[i]
}

// close closes what is open, the browser first.
func (h *house) close() error {
	h.progress.clear()
	var errs []error
	if h.hands != nil {
		errs = append(errs, failed("stop the browser", h.hands.Close()))
	}
	if h.store != nil {
		errs = append(errs, failed("close the database", h.store.Close()))
	}
	return errors.Join(errs...)
}

// named returns the connections that args name, or all where there are none.
func (h *house) named(args []string) ([]flows.Connection, error) {
	known := h.agent.Connections()
	if len(known) == 0 {
		return nil, usage("%s names no connection", h.conf.path).WithHint("run `usher connect APP`; the apps are %s", strings.Join(appNames(h.apps), ", "))
	}
	if len(args) == 0 {
		return known, nil
	}
	var out []flows.Connection
	for _, name := range args {
		i := slices.IndexFunc(known, func(c flows.Connection) bool { return c.Name == name })
		if i < 0 {
			names := make([]string, 0, len(known))
			for _, k := range known {
				names = append(names, k.Name)
			}
			return nil, usage("there is no connection %q", flows.Clean(name)).WithHint("the connections are %s", strings.Join(names, ", "))
		}
		if !slices.ContainsFunc(out, func(c flows.Connection) bool { return c.Name == name }) {
			out = append(out, known[i])
		}
	}
	return out, nil
}

// order returns an order as this command line places it.
func order(verb agent.Verb, connection string) agent.Order {
	return agent.Order{Verb: verb, Connection: connection, By: who(), Source: "cli"}
}

// logged is a notice that goes to the log; people far away are told by alerts.
type logged struct{ loud bool }

// Notify logs what needs a person. A command says its errors itself, so that only serve is loud.
func (l logged) Notify(ctx context.Context, n agent.Notification) error {
	level := zerolog.DebugLevel
	switch {
	case l.loud && n.Page:
		level = zerolog.ErrorLevel
	case l.loud:
		level = zerolog.WarnLevel
	}
	zerolog.Ctx(ctx).WithLevel(level).Str("connection", n.Connection).Str("order", n.Order).Str("run", n.Run).
		Str("code", string(n.Code)).Bool("page", n.Page).Str("text", n.Text).Str("hint", n.Hint).Msg("a person is needed")
	return nil
}

// do does the orders side by side, with progress.
func (h *house) do(ctx context.Context, orders []agent.Order) []agent.Result {
	defer h.progress.clear()
	return h.agent.DoMany(ctx, orders, side)
}

// asRoot says whether the browser's own sandbox cannot run because of who we are.
func asRoot() bool { return os.Geteuid() == 0 }
