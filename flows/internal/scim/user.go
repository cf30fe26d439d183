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

// decodeUser reads one user with all that is in it. It is an error where nobody could say whose account
// it is; whatever else is odd stays unknown.
func decodeUser(raw []byte) (*user, error) {
	obj, err := decodeObject(raw)
	if err != nil {
		return nil, err
	}
	var s shown
	if err := s.read(newReader(raw)); err != nil {
		return nil, err
	}
	u, err := s.user()
	if err != nil {
		return nil, err
	}
	u.raw = obj
	return u, nil
}

// user makes a user of what is shown.
func (s *shown) user() (*user, error) {
	if s.none != "" {
		return nil, errors.New("no JSON object: it is a " + s.none)
	}
	u := &user{id: s.top.get("id"), userName: s.top.get("userName")}
	if err := checkID(u.id); err != nil {
		return nil, err
	}
	var err error
	if u.emails, err = s.addresses(); err != nil {
		return nil, err
	}
	address := u.address()
	if address == "" {
		return nil, errors.New("a user without a name or an address")
	}
	u.account = flows.Account{ID: u.id, Email: address, Name: s.fullName(), Words: make(map[string]string, 8)}
	u.state(s)
	u.words(s)
	return u, nil
}

// idOf returns the id of a resource.
func idOf(obj object) (string, error) {
	id, _ := obj.text("id")
	return id, checkID(id)
}

// checkID wants an id that can be put in an address and shown as it is.
func checkID(id string) error {
	switch {
	case id == "":
		return errors.New("a resource without an id")
	case id != flows.Clean(id):
		return fmt.Errorf("a resource whose id %q cannot be used", flows.Clean(id))
	}
	return nil
}

func (s *shown) addresses() ([]email, error) {
	if s.emails.times != 1 {
		return nil, nil
	}
	if s.emails.length > mostEmails {
		return nil, fmt.Errorf("a user with %d addresses", s.emails.length)
	}
	var out []email
	for _, e := range s.emails.all {
		if value := strings.TrimSpace(e.value); value != "" {
			out = append(out, email{value: value, kind: e.kind, primary: e.primary})
		}
	}
	return out, nil
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

func (s *shown) fullName() string {
	for _, full := range []string{s.top.get("displayName"), s.name.get("formatted")} {
		if full = flows.Clean(full); full != "" {
			return full
		}
	}
	return flows.Clean(s.name.get("givenName") + " " + s.name.get("familyName"))
}

// state maps "active". Only what says it plainly is known.
func (u *user) state(s *shown) {
	u.account.State = flows.Unknown
	if s.actives != 1 {
		u.account.Words["status"] = "active is not shown"
		return
	}
	yes, known := false, false
	switch v := s.active.(type) {
	case bool:
		yes, known = v, true
	case string:
		u.text = true
		yes = strings.EqualFold(v, "true")
		known = yes || strings.EqualFold(v, "false")
	}
	u.account.Words["status"] = flows.Clean(fmt.Sprintf("active: %v", s.active))
	switch {
	case known && yes:
		u.account.State = flows.Active
	case known:
		u.account.State = flows.Deactivated
	}
}

// words fills in what the account says of its owner.
func (u *user) words(s *shown) {
	w := u.account.Words
	put := func(k, v string) {
		if v = flows.Clean(v); v != "" {
			w[k] = v
		}
	}
	put("user_name", u.userName)
	for k, path := range paths {
		put(k, s.at(path))
	}
	if i := u.main(); i >= 0 && !flows.SameAddress(u.emails[i].value, u.account.Email) {
		put("email", u.emails[i].value)
	}
	put("role", s.roleNames())
}

// A path says where a word of an account stands in a user.
type path struct{ within, name string }

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

// roleNames returns SCIM's own "roles" as text. What they mean is the app's secret.
func (s *shown) roleNames() string {
	if s.roles.times != 1 {
		return ""
	}
	var out []string
	for _, e := range s.roles.all {
		switch {
		case e.text:
			out = append(out, e.value)
		case e.display != "":
			out = append(out, e.display)
		case e.value != "":
			out = append(out, e.value)
		}
	}
	return strings.Join(out, ", ")
}
