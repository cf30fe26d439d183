package main

import (
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
	"github.com/usherhq/usher/selectors"
)

// check says what in the configuration cannot work, with the line it stands in.
func (c *config) check(src *source, apps []flows.App) error {
	refs := secrets.NewResolver()
	if c.Key == "" {
		return src.key(nil, "the key is missing: `key` says where the age key is, e.g. file:/etc/usher/key or env:USHER_KEY").
			WithHint("`usher init` makes one")
	}
	if strings.HasPrefix(c.Key, "age:") {
		return src.key([]string{"key"}, "the key cannot lie in the store that it opens")
	}
	if err := refs.Check(c.Key); err != nil {
		return src.key([]string{"key"}, "%s", err)
	}
	if err := goodZone(c.Zone); err != nil {
		return src.key([]string{"zone"}, "%s", err)
	}
	switch c.Browser.Sandbox {
	case "", "on", "off":
	default:
		return src.key([]string{"browser", "sandbox"}, "sandbox is on or off")
	}
	if c.Log.Level != "" && !goodLevel(c.Log.Level) {
		return src.key([]string{"log", "level"}, "there is no log level %q", flows.Clean(c.Log.Level)).
			WithHint("the levels are trace, debug, info, warn, error")
	}
	if err := c.checkCaps(src); err != nil {
		return err
	}
	if err := c.checkAlerts(src, refs); err != nil {
		return err
	}
	for _, name := range c.order {
		if err := c.Connections[name].check(name, src, apps, refs); err != nil {
			return err
		}
	}
	return nil
}

func (c *config) checkCaps(src *source) error {
	k := c.Guard.Caps
	at := func(name string) []string { return []string{"guard", "caps", name} }
	switch {
	case k.PerRun != nil && *k.PerRun < 1:
		return src.key(at("per_run"), "a cap is at least 1").WithHint("to stop every write, run `usher freeze on`")
	case k.PerDay != nil && *k.PerDay < 1:
		return src.key(at("per_day"), "a cap is at least 1").WithHint("to stop every write, run `usher freeze on`")
	case k.Percent != nil && (*k.Percent <= 0 || *k.Percent > 100):
		return src.key(at("percent"), "percent is above 0 and at most 100")
	}
	return nil
}

func (k connectionConfig) check(name string, src *source, apps []flows.App, refs *secrets.Resolver) error {
	at := func(keys ...string) []string { return append([]string{"connections", name}, keys...) }
	if !nameForm.MatchString(name) {
		return src.key(at(), "the name of a connection has letters, digits and . _ - only, and at most 64 of them")
	}
	i := slices.IndexFunc(apps, func(a flows.App) bool { return a.Name == k.App })
	if i < 0 {
		e := src.key(at("app"), "there is no app %q", flows.Clean(k.App))
		if k.App == "" {
			e = src.key(at(), "connection %s does not say which app it is", name)
		}
		return e.WithHint("the apps are %s", strings.Join(appNames(apps), ", "))
	}
	app := apps[i]
	way, ok := app.Way(k.Via)
	if !ok {
		return src.key(at("via"), "%s cannot be reached via %q", app.Title, flows.Clean(k.Via)).
			WithHint("the ways are %s", strings.Join(wayNames(app), ", "))
	}
	if err := k.checkPlaces(name, way, src); err != nil {
		return err
	}
	for i, act := range k.Acts {
		if !selectors.KnownVerb(act) {
			return src.key(at("acts"), "acts[%d]: there is no class of verb %q", i, flows.Clean(act)).
				WithHint("it is a class beside deactivate that a deactivation may use there: delete, revoke, suspend or archive")
		}
	}
	if k.UsersPage != "" && !slices.Contains(app.UsersPages, k.UsersPage) {
		e := src.key(at("users_page"), "%s has no users_page %q", app.Title, flows.Clean(k.UsersPage))
		if len(app.UsersPages) == 0 {
			return e.WithHint("leave it out: %s has one page of users", app.Title)
		}
		return e.WithHint("it is %s", strings.Join(app.UsersPages, " or "))
	}
	switch k.Holdings {
	case "", agent.HoldingsReviewed, agent.HoldingsLeave:
	default:
		return src.key(at("holdings"), "holdings is reviewed or leave")
	}
	if err := goodZone(k.Zone); err != nil {
		return src.key(at("zone"), "%s", err)
	}
	if err := goodSchedule(k.Schedule, k.Zone); err != nil {
		return src.key(at("schedule"), "%s", err)
	}
	return k.checkSecrets(name, way, src, refs)
}

// checkPlaces says what is wrong with the connection's addresses, and what its way has no use for.
func (k connectionConfig) checkPlaces(name string, way flows.Way, src *source) error {
	at := func(key string) []string { return []string{"connections", name, key} }
	if k.URL == "" && way.URL == "" {
		return src.key([]string{"connections", name}, "connection %s has no url", name)
	}
	for _, place := range []struct{ key, url string }{{"url", k.URL}, {"sign_in", k.SignIn}, {"api", k.API}} {
		if place.url == "" {
			continue
		}
		if err := goodURL(place.url); err != "" {
			return src.key(at(place.key), "%s", err)
		}
	}
	if k.PerSecond < 0 {
		return src.key(at("requests_per_second"), "requests_per_second is above 0")
	}
	idle := map[string]bool{"api": k.API != "", "requests_per_second": k.PerSecond != 0}
	if way.Name == flows.ViaSCIM {
		idle = map[string]bool{"sign_in": k.SignIn != "", "workspace": k.Workspace != "", "users_page": k.UsersPage != ""}
	}
	for _, key := range slices.Sorted(maps.Keys(idle)) {
		if idle[key] {
			return src.key(at(key), "%s is of no use via %s", key, way.Name).WithHint("leave it out")
		}
	}
	if way.Name == flows.ViaSCIM {
		for i, act := range k.Acts {
			if act != "delete" {
				return src.key(at("acts"), "acts[%d]: via scim a deactivation may use nothing but delete beside it", i)
			}
		}
	}
	return nil
}

func (k connectionConfig) checkSecrets(name string, way flows.Way, src *source, refs *secrets.Resolver) error {
	at := func(keys ...string) []string { return append([]string{"connections", name, "secrets"}, keys...) }
	var known []string
	for _, spec := range way.Secrets {
		known = append(known, spec.Name)
		if _, ok := k.Secrets[spec.Name]; !ok && !spec.Optional {
			return src.key(at(), "connection %s has no secret %q (%s)", name, spec.Name, spec.Title).
				WithHint("keep it with `usher secrets set %s.%s` and write %s: age:%s.%s", name, spec.Name, spec.Name, name, spec.Name)
		}
	}
	given := make([]string, 0, len(k.Secrets))
	for n := range k.Secrets {
		given = append(given, n)
	}
	slices.Sort(given)
	for _, n := range given {
		if !slices.Contains(known, n) {
			return src.key(at(n), "there is no secret %q here", flows.Clean(n)).
				WithHint("%s asks for %s", name, strings.Join(known, ", "))
		}
		if err := refs.Check(k.Secrets[n]); err != nil {
			return src.key(at(n), "%s", err)
		}
	}
	return nil
}

// nameForm is what a connection may be called: the name stands in files, in tables and on command lines.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// goodURL says what is wrong with a console's address, or nothing.
func goodURL(s string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return "this is not an address: write https://..."
	case u.User != nil:
		return "an address holds no user and no password: these are secrets"
	case u.Scheme == "https":
		return ""
	case u.Scheme == "http" && loopback(u.Hostname()):
		return ""
	case u.Scheme == "http":
		return "the address must be https: over http the password could be read on its way"
	}
	return "the address must start with https://"
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func goodZone(name string) error {
	if name == "" {
		return nil
	}
	_, err := time.LoadLocation(name)
	return err
}

func appNames(apps []flows.App) []string {
	names := make([]string, 0, len(apps))
	for _, a := range apps {
		names = append(names, a.Name)
	}
	return names
}

func wayNames(app flows.App) []string {
	names := make([]string, 0, len(app.Ways))
	for _, w := range app.Ways {
		names = append(names, w.Name)
	}
	return names
}
