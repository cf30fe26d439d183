package scim

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
)

// Update changes what an account says of its owner, and nothing else.
func (c *Console) Update(ctx context.Context, who flows.Account, want flows.Change) (flows.Outcome, error) {
	ch := change{verb: verbUpdate, subject: who.Email, op: "update the account", key: verbUpdate}
	if err := want.Valid(); err != nil {
		return flows.Outcome{}, err
	}
	u, err := c.asPlanned(ctx, ch, who)
	if err != nil {
		return flows.Outcome{}, err
	}
	if len(want.Differs(u.account)) == 0 {
		return flows.Outcome{Kind: flows.Already, Account: &u.account, Seen: "the account says all of that already"}, nil
	}
	if err := c.sameState(ch, who, u); err != nil {
		return flows.Outcome{}, err
	}
	if err := c.free(ctx, ch, u, want.Email); err != nil {
		return flows.Outcome{}, err
	}
	now := &standing{user: u}
	says, err := c.climb(ctx, ch, updateRungs(now, u, want), c.updateLook(ch, u, now, want))
	if err != nil {
		return flows.Outcome{}, err
	}
	now.user.account.Roles = slices.Clone(who.Roles)
	return flows.Outcome{Kind: flows.Done, Account: &now.user.account, Seen: says}, nil
}

// free refuses an address that is another account's.
func (c *Console) free(ctx context.Context, ch change, u *user, address string) error {
	if address == "" || u.answers(address) {
		return nil
	}
	f, err := c.search(ctx, address)
	if err != nil {
		return err
	}
	for _, o := range slices.Concat(f.exact, f.other) {
		if o.id != u.id {
			return flows.Errorf(flows.Refused, ch.op, "%s is an address of another account, %s", address, o.account.Email).
				WithHint("look at both in %s: one address belongs to one account", c.title())
		}
	}
	if !f.complete {
		return flows.Errorf(flows.Incomplete, ch.op, "whether %s is another account's could not be proved: %s", address, f.why).
			WithHint("see `usher check` for what the service can do")
	}
	return nil
}

// An edit is one attribute that is to become another.
type edit struct {
	path  string // of a PATCH
	value any
	apply func(body object) // the same in the whole resource
	mail  string            // the e-mail that it replaces, where it is one
}

// edits are what of the change the user does not say yet. first is the user before anything was
// sent: it says where the address is kept.
func edits(first, now *user, want flows.Change) []edit {
	var out []edit
	for _, k := range flows.ChangeWords() {
		v, ok := want.Words[k]
		if !ok || now.account.Words[k] == v {
			continue
		}
		p := paths[k]
		out = append(out, edit{path: p.patch(), value: v, apply: func(body object) {
			switch p.within {
			case "":
				body.set(p.name, v)
				return
			case schemaEnterprise:
				addSchema(body)
			}
			in := body.in(p.within)
			in.set(p.name, v)
			body.set(p.within, map[string]any(in))
		}})
	}
	if want.Email == "" {
		return out
	}
	if isAddress(first.userName) && !flows.SameAddress(now.userName, want.Email) {
		out = append(out, edit{path: "userName", value: want.Email, apply: func(body object) { body.set("userName", want.Email) }})
	}
	i := first.main()
	if i >= 0 && flows.SameAddress(first.emails[i].value, first.account.Email) {
		if j := now.main(); j >= 0 && !flows.SameAddress(now.emails[j].value, want.Email) {
			out = append(out, emailEdit(now, j, want.Email))
		}
	}
	return out
}

// emailEdit changes one of the emails: by its type where no other has that, else all are sent.
func emailEdit(u *user, at int, address string) edit {
	apply := func(body object) { body.set("emails", withEmail(body, u.emails[at].value, address)) }
	kind := u.emails[at].kind
	alike := slices.DeleteFunc(slices.Clone(u.emails), func(e email) bool { return !strings.EqualFold(e.kind, kind) })
	if kind != "" && len(alike) == 1 {
		return edit{path: "emails[type eq " + quote(kind) + "].value", value: address, apply: apply, mail: u.emails[at].value}
	}
	return edit{path: "emails", value: withEmail(u.raw.clone(), u.emails[at].value, address), apply: apply, mail: u.emails[at].value}
}

// withEmail returns the emails of a user with one of them changed.
func withEmail(body object, old, address string) any {
	v, _ := body.get("emails")
	swap := func(e any) any {
		switch e := e.(type) {
		case string:
			if flows.SameAddress(e, old) {
				return address
			}
		case map[string]any:
			if s, _ := object(e).text("value"); flows.SameAddress(s, old) {
				object(e).set("value", address)
			}
		}
		return e
	}
	list, ok := v.([]any)
	if !ok {
		return swap(v)
	}
	for i, e := range list {
		list[i] = swap(e)
	}
	return list
}

// addSchema names the enterprise extension among the schemas of a resource.
func addSchema(body object) {
	v, _ := body.get("schemas")
	list, ok := v.([]any)
	if !ok || slices.Contains(list, any(schemaEnterprise)) {
		return
	}
	body.set("schemas", append(slices.Clone(list), any(schemaEnterprise)))
}

// updateRungs are the forms of an update: attribute by attribute, or the whole resource as it was
// read with the change in it.
func updateRungs(now *standing, first *user, want flows.Change) []rung {
	at := "Users/" + url.PathEscape(first.id)
	return []rung{
		{form: "PATCH", request: func() *request {
			var ops []operation
			for _, e := range edits(first, now.user, want) {
				ops = append(ops, operation{Op: "replace", Path: e.path, Value: e.value})
			}
			if len(ops) == 0 {
				return nil
			}
			return &request{element: "PATCH attributes", method: http.MethodPatch, path: at, body: patchBody(ops...)}
		}},
		{form: "PUT", request: func() *request {
			all := edits(first, now.user, want)
			if len(all) == 0 {
				return nil
			}
			body := now.user.raw.clone()
			body.drop("meta")
			for _, e := range all {
				e.apply(body)
			}
			return &request{element: "PUT", method: http.MethodPut, path: at, body: body, header: unless(now.user.etag)}
		}},
	}
}

// updateLook reads the account and compares everything that usher knows of it.
func (c *Console) updateLook(ch change, first *user, now *standing, want flows.Change) look {
	return func(ctx context.Context) (sight, string, error) {
		u, err := c.getUser(ctx, first.id)
		if err != nil {
			return before, "", err
		}
		if u == nil {
			return between, "", c.unverified(ch, nil, "the account %s is gone", first.id).AsSeen()
		}
		now.user = u
		odd, follows := strayed(first, u, want)
		if len(odd) > 0 {
			return between, "", c.unverified(ch, nil, "something else has changed: %s", some(odd)).AsSeen()
		}
		left := remaining(first, u, want)
		switch {
		case len(left) == 0:
			says := fmt.Sprintf("a fresh read of the account %s shows all of it, and everything else as it was", u.id)
			if len(follows) > 0 {
				says += ", but for what follows the name: " + some(follows)
			}
			return wanted, says + apart(first, want), nil
		case slices.Equal(left, remaining(first, first, want)):
			return before, "still " + some(left), nil
		}
		return between, "not changed: " + some(left), nil
	}
}

// remaining says what is not yet as ordered: what the account shows by its words, and every attribute
// of it that usher sets, such as the primary e-mail behind a user name that is the address too.
func remaining(first, now *user, want flows.Change) []string {
	left := want.Differs(now.account)
	for _, e := range edits(first, now, want) {
		switch {
		case e.path == "userName" && !slices.ContainsFunc(left, isEmail):
			left = append(left, fmt.Sprintf("userName: %s -> %s", flows.Clean(now.userName), want.Email))
		case e.mail != "" && (first.userNamed() || !slices.ContainsFunc(left, isEmail)):
			left = append(left, fmt.Sprintf("primary e-mail: %s -> %s", flows.Clean(e.mail), want.Email))
		}
	}
	return left
}

func isEmail(s string) bool { return strings.HasPrefix(s, "email: ") }

// userNamed says whether the account is known by its user name.
func (u *user) userNamed() bool { return isAddress(u.userName) }

// apart says that the primary e-mail is another address than the user name, and was left so.
func apart(first *user, want flows.Change) string {
	i := first.main()
	if want.Email == "" || !first.userNamed() || i < 0 || flows.SameAddress(first.emails[i].value, first.account.Email) {
		return ""
	}
	return fmt.Sprintf("; its primary e-mail %s was another one before, and was left", flows.Clean(first.emails[i].value))
}
