package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/selectors"
)

// sandboxJSON is what `usher sandbox --format json` prints, on one line, once every stand-in answers
// and the configuration is written. It then runs until SIGTERM or SIGINT.
//
//	{"connections":{"thoropass":{"url":"http://127.0.0.1:1","truth":"http://127.0.0.1:2/_truth","fault":"http://127.0.0.1:2/_fault"},...},
//	 "config":"/path/usher.yaml"}
//
// truth answers GET with {"users":[{"email","name","roles","state"}],"writes":[{"at","verb","subject","by"}]};
// fault takes POST {"name":...}.
type sandboxJSON struct {
	Connections map[string]standInJSON `json:"connections"`
	Config      string                 `json:"config,omitempty"`
}

type standInJSON struct {
	URL   string `json:"url"`
	Truth string `json:"truth"`
	Fault string `json:"fault"`
}

// sandboxFlags say how the stand-ins behave.
type sandboxFlags struct {
	flows.SandboxOptions
	config string
}

func (c *cli) sandboxCommand() *cobra.Command {
	var f sandboxFlags
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Start stand-ins of the consoles on this machine, for trying things",
		Long: "sandbox starts a stand-in of every app's console on loopback, says where they are and how to sign in, and\n" +
			"runs until it is stopped. Nothing in them is real.\n\n" +
			"--write-config writes a configuration that is ready for them, with a key, a database and the secrets in a\n" +
			"folder beside it: `usher --config FILE list stonly` works at once, in another terminal.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.sandbox(cmd.Context(), f) },
	}
	fl := cmd.Flags()
	fl.IntVar(&f.Users, "users", 0, "how many accounts each has (default: the app's)")
	fl.StringVar(&f.Paging, "paging", "", "how lists page: numbered, next, more, infinite or virtual (default: the app's)")
	fl.DurationVar(&f.Latency, "latency", 0, "added to every answer")
	fl.StringVar(&f.Release, "release", "", "which release of the console")
	fl.Int64Var(&f.Seed, "seed", 0, "same seed, same people")
	fl.StringVar(&f.UsersPage, "users-page", "", "the page to work on, where an app has several (thoropass: workspace or account)")
	fl.StringVar(&f.config, "write-config", "", "write a ready configuration to this `file`, which must not exist yet")
	return cmd
}

func (c *cli) sandbox(ctx context.Context, f sandboxFlags) (err error) {
	if f.Users < 0 || f.Latency < 0 || f.Seed < 0 {
		return usage("--users, --latency and --seed are not negative")
	}
	known, err := apps()
	if err != nil {
		return err
	}
	ins, err := standUp(ctx, known, f.SandboxOptions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ins.close()) }()
	config := ""
	if f.config != "" {
		if config, err = filepath.Abs(f.config); err != nil {
			return failed("write the configuration", err)
		}
		if err := c.furnish(ctx, config, known, ins); err != nil {
			return err
		}
	}
	if err := c.printSandbox(ins, config); err != nil {
		return err
	}
	if err := c.flush(); err != nil {
		return failed("write the answer", err)
	}
	<-ctx.Done()
	return nil
}

func (c *cli) printSandbox(ins standIns, config string) error {
	if c.format == formatJSON {
		out := sandboxJSON{Connections: map[string]standInJSON{}, Config: config}
		for _, in := range ins {
			out.Connections[in.app.Name] = standInJSON{URL: in.Connection().URL, Truth: in.TruthURL(), Fault: in.FaultURL()}
		}
		return c.json(out)
	}
	g := &grid{head: []string{"APP", "WHAT", "VALUE"}}
	for _, in := range ins {
		conn := in.Connection()
		what := "console"
		if way, _ := in.app.Way(conn.Via); way.Name == flows.ViaSCIM {
			what = "service"
		}
		g.add(in.app.Name, what, conn.URL)
		if conn.API != "" {
			g.add(in.app.Name, "api", conn.API)
		}
		if conn.SignIn != "" && conn.SignIn != conn.URL {
			g.add(in.app.Name, "sign-in", conn.SignIn)
		}
		values := in.Secrets()
		for _, spec := range secretSpecs(in.app) {
			if v, ok := values[spec.Name]; ok {
				// Made up for this stand-in, which lives no longer than this command: to be typed by hand.
				g.add(in.app.Name, spec.Name, v.Reveal())
			}
		}
		g.add(in.app.Name, "truth", in.TruthURL())
		g.add(in.app.Name, "fault", in.FaultURL())
	}
	if err := c.print(g, nil); err != nil {
		return err
	}
	if config != "" {
		c.say("configuration: %s\ntry: usher --config %s list stonly", config, config)
	}
	c.say("running until stopped (Ctrl-C)")
	return nil
}

func secretSpecs(app flows.App) []flows.SecretSpec {
	way, _ := app.Way("")
	return way.Secrets
}

// A standIn is a running stand-in and the app it stands for.
type standIn struct {
	flows.StandIn
	app flows.App
}

type standIns []standIn

func (s standIns) close() error {
	var errs []error
	for _, in := range s {
		errs = append(errs, failed("stop the stand-in of "+in.app.Name, in.Close()))
	}
	return errors.Join(errs...)
}

// standUp starts the stand-ins of all apps that have one.
func standUp(ctx context.Context, known []flows.App, o flows.SandboxOptions) (standIns, error) {
	var ins standIns
	fit := fitting{taken: map[string]bool{}}
	for _, app := range known {
		if app.Sandbox == nil {
			continue
		}
		one, err := fit.options(ctx, app, o)
		if err != nil {
			return nil, errors.Join(err, ins.close())
		}
		in, err := app.Sandbox(ctx, one)
		if err != nil {
			e := flows.Errorf(flows.Invalid, "start the stand-in of "+app.Name, "%w", err)
			return nil, errors.Join(e, ins.close())
		}
		ins = append(ins, standIn{in, app})
	}
	switch {
	case len(ins) == 0:
		return nil, flows.Errorf(flows.Unsupported, "start the stand-ins", "no app has one")
	case fit.unknown(o) != nil:
		return nil, errors.Join(fit.unknown(o), ins.close())
	}
	return ins, nil
}

// furnish writes a configuration for the stand-ins, and beside it a folder with the key, the
// database and the secrets; every element that a write goes through is accepted, for nobody is
// there to look at a stand-in.
func (c *cli) furnish(ctx context.Context, path string, known []flows.App, ins standIns) (err error) {
	dir := path + ".d"
	for _, p := range []string{path, dir} {
		if _, err := os.Lstat(p); err == nil {
			return usage("%s is there already, and is not overwritten", p).WithHint("name another file, or take that one away")
		}
	}
	if err := os.Mkdir(dir, privateDir); err != nil {
		return flows.Errorf(flows.Invalid, "write the configuration", "%w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeAll(dir))
		}
	}()
	text, err := furniture(dir, ins)
	if err != nil {
		return flows.Errorf(flows.Invalid, "write the configuration", "%w", err)
	}
	conf, err := parseConfig(path, []byte(text), known)
	if err != nil {
		return err
	}
	db, err := makeStore(ctx, conf)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return failed("close the database", err)
	}
	if err := c.acceptAll(ctx, conf); err != nil {
		return err
	}
	return failed("write the configuration", create(path, []byte(text)))
}

// furniture writes the key and the secrets into dir, and returns the configuration's text.
func furniture(dir string, ins standIns) (string, error) {
	key := filepath.Join(dir, "key")
	if err := writeKey(key); err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("# Written by usher for stand-ins of the consoles. Nothing here is real.\n")
	b.WriteString("database: " + yamlText(filepath.Join(dir, databaseName)) + "\n")
	b.WriteString("key: " + yamlText("file:"+key) + "\n")
	b.WriteString("secrets: " + yamlText(filepath.Join(dir, storeName)) + "\n")
	if asRoot() {
		b.WriteString("browser:\n  sandbox: \"off\" # written by root, as whom Chromium's own sandbox cannot run\n")
	}
	b.WriteString("connections:\n")
	for _, in := range ins {
		conn := in.Connection()
		fields := []field{
			{key: "app", value: in.app.Name}, {key: "url", value: conn.URL}, {key: "api", value: conn.API}, {key: "sign_in", value: conn.SignIn},
			{key: "workspace", value: conn.Workspace}, {key: "users_page", value: conn.UsersPage},
		}
		if conn.PerSecond > 0 {
			fields = append(fields, field{key: "requests_per_second", value: strconv.FormatFloat(conn.PerSecond, 'g', -1, 64), bare: true})
		}
		var refs []field
		values := in.Secrets()
		for _, spec := range secretSpecs(in.app) {
			v, ok := values[spec.Name]
			if !ok {
				continue
			}
			file := filepath.Join(dir, in.app.Name+"."+spec.Name)
			// One of the doors a secret must go through: the flow reads it from this file.
			if err := create(file, []byte(v.Reveal()+"\n")); err != nil {
				return "", err
			}
			refs = append(refs, field{key: spec.Name, value: "file:" + file})
		}
		b.WriteString(connectionText(in.app.Name, append(fields, field{key: "secrets", sub: refs}), 2))
	}
	return b.String(), nil
}

// acceptAll accepts every assumed element of every sheet that a write may go through.
func (c *cli) acceptAll(ctx context.Context, conf *config) error {
	h, err := c.open(ctx, conf, wiring{})
	if err != nil {
		return err
	}
	return flows.Worst(acceptStandIns(ctx, h), h.close())
}

func acceptStandIns(ctx context.Context, h *house) error {
	load := sheets(h.conf.Selectors)
	for _, conn := range h.agent.Connections() {
		if way, _ := h.app(conn.App).Way(conn.Via); way.Name != flows.ViaBrowser {
			continue
		}
		set, err := load(conn.App)
		if err != nil {
			return err
		}
		for _, s := range set.Sheets {
			for _, name := range actElements(s) {
				if err := h.agent.Accept(ctx, conn.Name, s.ID(), name, s.Digest(name), "usher sandbox"); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// actElements are the assumed elements that belong to any act.
func actElements(s *selectors.Sheet) []string {
	var names []string
	for n, e := range s.Elements {
		if e.Writes || e.Verb != "" {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return s.Assumed(names)
}
