package scim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
)

// A check gathers what was seen of a service without changing anything.
type check struct {
	c        *Console
	findings []flows.Finding
}

func (k *check) add(name, basis string, ok bool, found, detail string) {
	k.findings = append(k.findings, flows.Finding{
		Page: "scim", Name: name, Basis: basis, OK: ok, Found: flows.Clean(found), Detail: flows.Clean(detail),
	})
}

// later is for what is only to be seen at the first write.
func (k *check) later(name, detail string) {
	k.findings = append(k.findings, flows.Finding{Page: "scim", Name: name, Basis: "assumed", OK: true, Detail: flows.Clean(detail), Skipped: true})
}

// Check reads what a service says of itself and how it answers, and changes nothing.
func (c *Console) Check(ctx context.Context) ([]flows.Finding, error) {
	k := &check{c: c}
	for _, do := range []func(context.Context) error{k.config, k.users, k.groups} {
		if err := do(ctx); err != nil {
			if ctx.Err() != nil || flows.CodeOf(err) == flows.LoginRefused || flows.CodeOf(err) == flows.Internal {
				return k.findings, err
			}
			k.add("answers", "seen", false, "", c.wire.harmless(err.Error()))
		}
	}
	k.patch()
	kind := typeSCIM
	if c.profile.Plain {
		kind = typeJSON
	}
	if len(c.profile.Writes) > 0 {
		k.add("content type", "seen", true, kind, "")
	} else {
		k.later("content type", kind+" is what the first write begins with")
	}
	return k.findings, c.keepProfile(ctx)
}

func (k *check) config(ctx context.Context) error {
	reply, err := k.c.wire.read(ctx, "ServiceProviderConfig", nil, mostTries)
	if err != nil {
		return err
	}
	if reply.Status == http.StatusUnauthorized {
		return k.c.wire.refusal("check the service", reply)
	}
	if !reply.ok() {
		k.add("service provider config", "seen", true, "none ("+statusOf(reply.Status)+")", "usher needs none")
		return nil
	}
	config, err := decodeObject(reply.Body)
	if err != nil {
		k.add("service provider config", "seen", true, "unreadable", "usher needs none: "+err.Error())
		return nil //nolint:nilerr // it is optional
	}
	var says []string
	for _, name := range []string{"patch", "filter", "bulk", "etag", "sort", "changePassword"} {
		if s := supported(config, name); s != "" {
			says = append(says, name+": "+s)
		}
	}
	k.c.profile.Patch, k.c.profile.ETag = supported(config, "patch"), supported(config, "etag")
	k.add("service provider config", "documented", true, strings.Join(says, ", "), "what it says of writing is not believed before it is seen")
	return nil
}

func (k *check) users(ctx context.Context) error {
	users, r, err := k.c.readUsers(ctx)
	if err != nil {
		if flows.CodeOf(err) != flows.LoginRefused && flows.CodeOf(err) != flows.Internal && ctx.Err() == nil {
			k.add("users", "seen", false, "", k.c.wire.harmless(err.Error()))
			return nil
		}
		return err
	}
	accounts := make([]flows.Account, 0, len(users))
	for _, u := range users {
		accounts = append(accounts, u.account)
	}
	k.add("users", "seen", true, fmt.Sprintf("%d of %s", r.distinct, totalText(r.total)), k.c.provisioned(accounts))
	switch {
	case !r.whole():
		k.add("paging", "seen", false, "", r.whyNot())
	case r.total <= k.c.count():
		k.add("paging", "assumed", true, "all users are on one page", "whether further pages come is to be seen once there are more")
	default:
		k.add("paging", "seen", true, fmt.Sprintf("%d users, each once", r.distinct), "")
	}
	switch form := k.c.profile.Active; form {
	case "":
		k.later("active form", "no user shows whether he is active")
	default:
		k.add("active form", "seen", true, form, "")
	}
	return k.filters(ctx, users)
}

// filters asks for a user that is known to be there, in two cases.
func (k *check) filters(ctx context.Context, users []*user) error {
	at := slices.IndexFunc(users, func(u *user) bool {
		return u.userName != "" && u.userName == flows.Clean(u.userName) && strings.ToUpper(u.userName) != u.userName
	})
	if at < 0 {
		k.later("filter userName", "there is no user to ask for")
		k.later("filter case", "there is no user to ask for")
		return nil
	}
	u := users[at]
	k.c.profile.Filter = "" // asked anew
	hits, err := k.c.filter(ctx, eq("userName", u.userName))
	if err != nil {
		return err
	}
	hit := func(list []*user) bool {
		return slices.ContainsFunc(list, func(h *user) bool { return h.id == u.id })
	}
	stray := slices.ContainsFunc(hits, func(h *user) bool { return !flows.SameAddress(h.userName, u.userName) })
	switch {
	case k.c.profile.Filter == unsupported:
		k.add("filter userName", "seen", true, "none", "the whole list is read instead")
		k.later("filter case", "there are no filters")
		return nil
	case stray:
		k.c.profile.Filter = ignored
		k.add("filter userName", "seen", true, "ignored", "everybody is returned; what is found is verified, and the whole list is read")
	case hit(hits):
		k.c.profile.Filter = works
		k.add("filter userName", "seen", true, works, "")
	default:
		k.add("filter userName", "seen", true, "finds nobody", "the whole list is read as well")
	}
	upper, err := k.c.filter(ctx, eq("userName", strings.ToUpper(u.userName)))
	if err != nil {
		return err
	}
	if hit(upper) {
		k.add("filter case", "seen", true, "any case", "")
	} else {
		k.add("filter case", "seen", true, "exact case only", "usher asks in lower case too, and reads the whole list")
	}
	return nil
}

func (k *check) groups(ctx context.Context) error {
	if !k.c.shape.Groups {
		k.later("groups", "usher does not use them here")
		return nil
	}
	reply, err := k.c.wire.read(ctx, "Groups", url.Values{"startIndex": {"1"}, "count": {"1"}}, mostTries)
	if err != nil {
		return err
	}
	if !reply.ok() {
		k.add("groups", "seen", true, "none", k.c.wire.says(statusOf(reply.Status), reply))
		return nil
	}
	groups, r, err := k.c.readGroups(ctx)
	if err != nil {
		return err
	}
	detail := ""
	if !r.whole() {
		detail = r.whyNot()
	}
	k.add("groups", "seen", true, fmt.Sprintf("%d of %s", len(groups), totalText(r.total)), detail)
	return nil
}

func (k *check) patch() {
	if len(k.c.profile.Writes) > 0 {
		// Marshalled, because a map is in order then.
		if b, err := json.Marshal(k.c.profile.Writes); err == nil {
			k.add("patch", "seen", true, string(b), "forms that were seen to work")
			return
		}
	}
	says := "the service does not say whether it knows PATCH"
	if k.c.profile.Patch != "" {
		says = "the service says of PATCH: " + k.c.profile.Patch
	}
	k.later("patch", says+"; it is to be seen at the first write")
}
