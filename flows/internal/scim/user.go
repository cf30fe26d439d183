package scim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
)

// The schemas of RFC 7643 and 7644 that usher names.
const (
	schemaUser       = "urn:ietf:params:scim:schemas:core:2.0:User"
	schemaGroup      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	schemaEnterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	schemaPatch      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// enterprise are the attributes of that schema by the words of an account.
var enterprise = map[string]string{
	flows.WordEmployeeNumber: "employeeNumber",
	flows.WordCostCenter:     "costCenter",
	flows.WordOrganization:   "organization",
	flows.WordDivision:       "division",
	flows.WordDepartment:     "department",
}

// An email of a user.
type email struct {
	value, kind string
	primary     bool
}

// A user is a resource of that type as it was read. What is in the account is harmless; id, name and
// emails are as they came, for they are sent back.
type user struct {
	id       string
	userName string
	emails   []email
	text     bool // "active" is a string here
	account  flows.Account
	raw      object // nil in a list, where thousands are kept
	etag     string
}

// mostEmails is more than anybody has.
const mostEmails = 200

// decodeUser reads one user. It is an error where nobody could say whose account it is; whatever
// else is odd stays unknown.
func decodeUser(raw []byte) (*user, error) {
	obj, err := decodeObject(raw)
	if err != nil {
		return nil, err
	}
	id, err := idOf(obj)
	if err != nil {
		return nil, err
	}
	u := &user{id: id, raw: obj}
	u.userName, _ = obj.text("userName")
	if u.emails, err = emailsOf(obj); err != nil {
		return nil, err
	}
	if u.address() == "" {
		return nil, errors.New("a user without a name or an address")
	}
	u.account = flows.Account{ID: id, Email: u.address(), Name: nameOf(obj), Words: map[string]string{}}
	u.state()
	u.words()
	return u, nil
}

// idOf returns the resource's id: one that can be put in an address and shown as it is.
func idOf(obj object) (string, error) {
	id, ok := obj.text("id")
	switch {
	case !ok || id == "":
		return "", errors.New("a resource without an id")
	case id != flows.Clean(id):
		return "", fmt.Errorf("a resource whose id %q cannot be used", flows.Clean(id))
	}
	return id, nil
}

func emailsOf(obj object) ([]email, error) {
	v, _ := obj.get("emails")
	list, ok := v.([]any)
	if !ok {
		list = []any{v} // some send one object, or one string
	}
	if len(list) > mostEmails {
		return nil, fmt.Errorf("a user with %d addresses", len(list))
	}
	var out []email
	for _, e := range list {
		switch e := e.(type) {
		case string:
			out = append(out, email{value: strings.TrimSpace(e)})
		case map[string]any:
			value, _ := object(e).text("value")
			kind, _ := object(e).text("type")
			primary, _ := object(e).get("primary")
			p, _ := primary.(bool)
			out = append(out, email{value: strings.TrimSpace(value), kind: kind, primary: p})
		}
	}
	return slices.DeleteFunc(out, func(e email) bool { return e.value == "" }), nil
}

// main returns the primary email, or the only one; -1 where there is none.
func (u *user) main() int {
	at := -1
	for i, e := range u.emails {
		if e.primary {
			if at >= 0 {
				return -1 // two say that they are
			}
			at = i
		}
	}
	if at < 0 && len(u.emails) == 1 {
		return 0
	}
	return at
}

// address is what the account is known by.
func (u *user) address() string {
	if isAddress(u.userName) {
		return flows.Clean(u.userName)
	}
	if i := u.main(); i >= 0 && isAddress(u.emails[i].value) {
		return flows.Clean(u.emails[i].value)
	}
	return flows.Clean(u.userName)
}

func isAddress(s string) bool {
	_, err := flows.Address(s)
	return err == nil
}

// answers says whether an address is the account's own.
func (u *user) answers(address string) bool { return flows.SameAddress(u.account.Email, address) }

// mentions says whether an address is among those of the account.
func (u *user) mentions(address string) bool {
	return flows.SameAddress(u.userName, address) ||
		slices.ContainsFunc(u.emails, func(e email) bool { return flows.SameAddress(e.value, address) })
}

func nameOf(obj object) string {
	if s, _ := obj.text("displayName"); flows.Clean(s) != "" {
		return flows.Clean(s)
	}
	name := obj.in("name")
	if s, _ := name.text("formatted"); flows.Clean(s) != "" {
		return flows.Clean(s)
	}
	given, _ := name.text("givenName")
	family, _ := name.text("familyName")
	return flows.Clean(given + " " + family)
}

// state maps "active". Only what says it plainly is known.
func (u *user) state() {
	u.account.State = flows.Unknown
	v, ok := u.raw.get("active")
	if !ok {
		u.account.Words["status"] = "active is not shown"
		return
	}
	yes, known := false, false
	switch v := v.(type) {
	case bool:
		yes, known = v, true
	case string:
		u.text = true
		yes = strings.EqualFold(v, "true")
		known = yes || strings.EqualFold(v, "false")
	}
	u.account.Words["status"] = flows.Clean(fmt.Sprintf("active: %v", v))
	switch {
	case known && yes:
		u.account.State = flows.Active
	case known:
		u.account.State = flows.Deactivated
	}
}

// words fills in what the account says of its owner.
func (u *user) words() {
	w := u.account.Words
	put := func(k, v string) {
		if v = flows.Clean(v); v != "" {
			w[k] = v
		}
	}
	put("user_name", u.userName)
	for k, path := range paths {
		v, _ := path.of(u.raw).text(path.name)
		put(k, v)
	}
	if i := u.main(); i >= 0 && !flows.SameAddress(u.emails[i].value, u.account.Email) {
		put("email", u.emails[i].value)
	}
	put("role", rolesOf(u.raw))
}

// A path says where a word of an account stands in a user.
type path struct{ within, name string }

func (p path) of(obj object) object {
	if p.within == "" {
		return obj
	}
	return obj.in(p.within)
}

// patch is the path as a PATCH names it.
func (p path) patch() string {
	switch p.within {
	case "":
		return p.name
	case schemaEnterprise:
		return p.within + ":" + p.name
	}
	return p.within + "." + p.name
}

var paths = func() map[string]path {
	m := map[string]path{
		flows.WordFirst:      {"name", "givenName"},
		flows.WordLast:       {"name", "familyName"},
		flows.WordExternalID: {"", "externalId"},
	}
	for k, name := range enterprise {
		m[k] = path{schemaEnterprise, name}
	}
	return maps.Clone(m)
}()

// rolesOf returns SCIM's own "roles" as text. What they mean is the app's secret.
func rolesOf(obj object) string {
	v, _ := obj.get("roles")
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var out []string
	for i, e := range list {
		if i == mostEmails {
			break
		}
		switch e := e.(type) {
		case string:
			out = append(out, e)
		case map[string]any:
			for _, k := range []string{"display", "value"} {
				if s, _ := object(e).text(k); s != "" {
					out = append(out, s)
					break
				}
			}
		}
	}
	return strings.Join(out, ", ")
}
