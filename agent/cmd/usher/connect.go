package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

// connectFlags answer what connect would ask.
type connectFlags struct {
	name, via, url, api, signIn, workspace, usersPage, sso, schedule, zone string
	refs                                                                   []string
	noRead, readOnly                                                       bool
}

func (c *cli) connectCommand() *cobra.Command {
	var f connectFlags
	cmd := &cobra.Command{
		Use:   "connect APP",
		Short: "Add a tenant: ask for what it needs, sign in, check, read once",
		Long: "connect asks for what the app needs, keeps the secrets in the encrypted store, adds the connection to the\n" +
			"configuration, signs in, checks the sheet's names and reads the accounts once. It changes no account.\n\n" +
			"What is given as a flag is not asked for. Without a terminal the answers are read from standard input, one\n" +
			"a line. A secret is never a flag; --secret NAME=REFERENCE names one that lies elsewhere. A secret that the\n" +
			"product shows a single time is asked for first, and kept before anything else is done.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, a []string) error { return c.connect(cmd.Context(), a[0], f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.name, "name", "", "name of the connection (default: the app's)")
	fl.StringVar(&f.via, "via", "", "how it is reached (default: the app's first way)")
	fl.StringVar(&f.url, "url", "", "address of the console; via scim the base URL of the service")
	fl.StringVar(&f.api, "api", "", "address of the app's further, read-only API, where it is not the vendor's documented one")
	fl.BoolVar(&f.readOnly, "read-only", false, "refuse every write there, e.g. because an identity provider writes to it")
	fl.StringVar(&f.signIn, "sign-in", "", "address of the sign-in page, where that is another site")
	fl.StringVar(&f.workspace, "workspace", "", "name of the workspace that must be shown after sign-in")
	fl.StringVar(&f.usersPage, "users-page", "", "the page to work on, where the app has several")
	fl.StringVar(&f.sso, "sso", "", "the identity provider people sign in with, e.g. okta")
	fl.StringVar(&f.schedule, "schedule", "", "when it is read, as in crontab: \"0 3 * * *\"")
	fl.StringVar(&f.zone, "zone", "", "time zone of the schedule")
	fl.StringArrayVar(&f.refs, "secret", nil, "`NAME=REFERENCE` of a secret that lies elsewhere; may be given several times")
	fl.BoolVar(&f.noRead, "no-read", false, "only add it: do not sign in")
	return cmd
}

func (c *cli) connect(ctx context.Context, appName string, f connectFlags) error {
	conf, err := c.readConfig()
	if err != nil {
		return err
	}
	known, err := apps()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(known, func(a flows.App) bool { return a.Name == appName })
	if i < 0 {
		return usage("there is no app %q", flows.Clean(appName)).WithHint("the apps are %s", strings.Join(appNames(known), ", "))
	}
	app := known[i]
	way, ok := app.Way(f.via)
	if !ok {
		return usage("%s cannot be reached via %q", app.Title, flows.Clean(f.via)).WithHint("the ways are %s", strings.Join(wayNames(app), ", "))
	}
	if f.name == "" {
		f.name = app.Name
	}
	if !nameForm.MatchString(f.name) {
		return usage("the name of a connection has letters, digits and . _ - only")
	}
	if slices.Contains(conf.order, f.name) {
		return usage("there is a connection %s already", f.name).WithHint("give another name with --name, or edit %s", conf.path)
	}
	given, err := references(f.refs, way)
	if err != nil {
		return err
	}
	if app.Unverified+way.Unverified != "" {
		c.say("Not verified: %s\n", strings.TrimSpace(app.Unverified+" "+way.Unverified))
	}
	p := c.prompter()
	if f.url != "" && allGiven(way, given) { // nobody is asked for anything, so for nothing optional either
		way.Secrets = slices.DeleteFunc(slices.Clone(way.Secrets), func(s flows.SecretSpec) bool { return given[s.Name] == "" })
	}
	if err := c.keepOnce(ctx, p, conf, way, f.name, given); err != nil {
		return err
	}
	if err := c.askPlaces(ctx, p, app, way, &f); err != nil {
		return err
	}
	refs, values, err := c.askSecrets(ctx, p, way, f.name, given)
	if err != nil {
		return err
	}
	fields := []field{
		{key: "app", value: app.Name}, {key: "via", value: f.via},
		{key: "url", value: f.url}, {key: "api", value: f.api}, {key: "read_only", value: yes(f.readOnly), bare: true}, {key: "sign_in", value: f.signIn}, {key: "workspace", value: f.workspace},
		{key: "users_page", value: f.usersPage}, {key: "sso", value: f.sso},
		{key: "schedule", value: f.schedule}, {key: "zone", value: f.zone}, {key: "secrets", sub: refs},
	}
	// What cannot be added must not leave its secrets behind.
	if _, _, _, err := withConnection(conf.path, f.name, fields, known); err != nil {
		return err
	}
	for _, v := range values {
		if err := c.keep(ctx, conf, v.name, v.value); err != nil {
			return err
		}
	}
	if conf, err = addConnection(conf.path, f.name, fields, known); err != nil {
		return err
	}
	if err := c.connected(conf, f); err != nil || f.noRead {
		return err
	}
	return c.firstLook(ctx, conf, f.name)
}

func (c *cli) connected(conf *config, f connectFlags) error {
	if c.format == formatJSON {
		if f.noRead {
			return c.json(map[string]string{"connection": f.name, "config": conf.path})
		}
		return nil
	}
	return c.line("added to %s: %s", conf.path, f.name)
}

// references reads --secret NAME=REFERENCE.
func references(refs []string, way flows.Way) (map[string]string, error) {
	out := map[string]string{}
	for _, r := range refs {
		name, ref, ok := strings.Cut(r, "=")
		if !ok {
			return nil, usage("--secret is written NAME=REFERENCE")
		}
		if !slices.ContainsFunc(way.Secrets, func(s flows.SecretSpec) bool { return s.Name == name }) {
			var names []string
			for _, s := range way.Secrets {
				names = append(names, s.Name)
			}
			return nil, usage("there is no secret %q here", flows.Clean(name)).WithHint("the secrets are %s", strings.Join(names, ", "))
		}
		if err := secrets.NewResolver().Check(ref); err != nil {
			return nil, usage("--secret %s: %s", name, err)
		}
		out[name] = ref
	}
	return out, nil
}

// keepOnce asks for the secrets that the product shows a single time, and keeps each at once: whatever
// goes wrong afterwards, they are not lost. given learns where they are.
func (c *cli) keepOnce(ctx context.Context, p *prompter, conf *config, way flows.Way, connection string, given map[string]string) error {
	for _, spec := range way.Secrets {
		if _, ok := given[spec.Name]; ok || !spec.Once {
			continue
		}
		v, err := c.askSecret(ctx, p, spec)
		if err != nil {
			return err
		}
		if v.Empty() {
			if spec.Optional {
				continue
			}
			return usage("%s is needed", spec.Title)
		}
		name := connection + "." + spec.Name
		if err := c.keep(ctx, conf, name, v); err != nil {
			return err
		}
		given[spec.Name] = "age:" + name
		c.say("kept as age:%s; if this is interrupted, go on with --secret %s=age:%s", name, spec.Name, name)
	}
	return nil
}

// allGiven says whether every secret that is needed was named.
func allGiven(way flows.Way, given map[string]string) bool {
	return !slices.ContainsFunc(way.Secrets, func(s flows.SecretSpec) bool { return !s.Optional && given[s.Name] == "" })
}

func yes(b bool) string {
	if b {
		return "true"
	}
	return ""
}

// askService asks where a SCIM service is.
func (c *cli) askService(ctx context.Context, p *prompter, app flows.App, way flows.Way, f *connectFlags) error {
	if f.url != "" {
		return nil
	}
	question := "Base URL of " + app.Title + "'s SCIM service (https://...)"
	if way.URL != "" {
		question = "Base URL of " + app.Title + "'s SCIM service (empty: " + way.URL + ")"
	}
	var err error
	if f.url, err = p.ask(ctx, question); err != nil {
		return err
	}
	if f.url == "" {
		f.url = way.URL
	}
	if f.sso == "" {
		f.sso, err = p.ask(ctx, "Identity provider people sign in with, e.g. okta (empty: passwords)")
	}
	return err
}

// askPlaces asks where the console is.
func (c *cli) askPlaces(ctx context.Context, p *prompter, app flows.App, way flows.Way, f *connectFlags) error {
	var err error
	if way.Name == flows.ViaSCIM {
		if err := c.askService(ctx, p, app, way, f); err != nil {
			return err
		}
	} else if f.url == "" {
		if f.url, err = p.ask(ctx, "Address of the "+app.Title+" console (https://...)"); err != nil {
			return err
		}
		if f.signIn == "" {
			if f.signIn, err = p.ask(ctx, "Address of the sign-in page, where that is another site"); err != nil {
				return err
			}
		}
		if f.workspace == "" {
			if f.workspace, err = p.ask(ctx, "Name of the workspace that must be shown after sign-in (empty: not checked)"); err != nil {
				return err
			}
		}
		if f.sso == "" {
			if f.sso, err = p.ask(ctx, "Identity provider people sign in with, e.g. okta (empty: passwords)"); err != nil {
				return err
			}
		}
	}
	if why := goodURL(f.url); why != "" {
		return usage("%s", why)
	}
	for _, place := range []struct{ name, url string }{{"sign-in", f.signIn}, {"api", f.api}} {
		if place.url == "" {
			continue
		}
		if why := goodURL(place.url); why != "" {
			return usage("%s: %s", place.name, why)
		}
	}
	if err := goodZone(f.zone); err != nil {
		return usage("%s", err)
	}
	if err := goodSchedule(f.schedule, f.zone); err != nil {
		return usage("%s", err)
	}
	return nil
}

// A typed secret is to be kept in the store under its name.
type typed struct {
	name  string
	value secrets.Value
}

// askSecrets asks for the secrets that have no reference yet. It returns the references, and what is
// to be kept for them.
func (c *cli) askSecrets(ctx context.Context, p *prompter, way flows.Way, connection string, given map[string]string) ([]field, []typed, error) {
	var refs []field
	var values []typed
	for _, spec := range way.Secrets {
		if ref, ok := given[spec.Name]; ok {
			refs = append(refs, field{key: spec.Name, value: ref})
			continue
		}
		v, err := c.askSecret(ctx, p, spec)
		switch {
		case err != nil:
			return nil, nil, err
		case v.Empty() && spec.Optional:
			continue
		case v.Empty():
			return nil, nil, usage("%s is needed", spec.Title)
		}
		name := connection + "." + spec.Name
		values = append(values, typed{name, v})
		refs = append(refs, field{key: spec.Name, value: "age:" + name})
	}
	return refs, values, nil
}

func (c *cli) askSecret(ctx context.Context, p *prompter, spec flows.SecretSpec) (secrets.Value, error) {
	title := spec.Title
	if spec.Optional {
		title += " (empty: none)"
	}
	if spec.Public {
		s, err := p.ask(ctx, title)
		return secrets.New(s), err
	}
	v, err := p.secret(ctx, title)
	c.mask.Add(v)
	return v, err
}

// firstLook signs in, checks and reads once.
func (c *cli) firstLook(ctx context.Context, conf *config, name string) error {
	h, err := c.open(ctx, conf, wiring{progress: c.newProgress(), notice: logged{}})
	if err != nil {
		return err
	}
	err = c.look(ctx, h, name)
	h.flushAlerts(ctx)
	return flows.Worst(err, h.close())
}

func (c *cli) look(ctx context.Context, h *house, name string) error {
	checked := h.do(ctx, []agent.Order{order(agent.Check, name)})[0]
	if len(checked.Findings) > 0 {
		c.say("check: %s", status(checked))
	}
	if code := checked.Code; checked.Err != nil && code != flows.Drift {
		return checked.Err
	}
	rosters, errs := fresh(ctx, h, []flows.Connection{{Name: name}})
	if c.format == formatJSON {
		if err := c.printRosters(rosters); err != nil {
			return err
		}
	} else if rosters[0].Grade != "" {
		if err := c.line("%s", summary(rosters[0].Roster)); err != nil {
			return err
		}
	}
	return flows.Worst(append(errs, checked.Err)...)
}
