package scim

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
)

const renamed = "renamed@example.com"

// after changes user 2 once a write of that method has been done honestly.
func (s *stand) after(method string, f func(u resource)) func(http.ResponseWriter, *http.Request, resource) bool {
	return func(w http.ResponseWriter, r *http.Request, body resource) bool {
		if r.Method != method {
			return false
		}
		s.honest(w, r, body)
		f(s.user("2"))
		return true
	}
}

func rich(s *stand) {
	maps.Copy(s.user("2"), resource{
		schemaEnterprise: resource{"department": "Support", "manager": resource{"value": "1", "displayName": "User 1"}},
		"roles":          []any{resource{"value": "a"}, resource{"value": "b"}},
		"title":          "Dr", "updatedAt": "2026-01-01T00:00:00Z", "meta": resource{"version": "1"}, "empty": []any{},
	})
}

func in(o resource, name string) resource {
	m, ok := o[name].(resource)
	if !ok {
		return resource{}
	}
	return m
}

func TestWhateverElseAnUpdateChangedIsNamedAndNeverCalledAsItWas(t *testing.T) {
	t.Parallel()
	for name, k := range map[string]struct {
		stray func(u resource)
		odd   string // "": that is no stray
	}{
		"nothing":                          {func(resource) {}, ""},
		"a manager is lost":                {func(u resource) { delete(in(u, schemaEnterprise), "manager") }, "manager"},
		"a manager is another":             {func(u resource) { in(in(u, schemaEnterprise), "manager")["value"] = "3" }, "manager.value"},
		"a whole extension is lost but it": {func(u resource) { u[schemaEnterprise] = resource{"department": "Sales"} }, "manager"},
		"a title is another":               {func(u resource) { u["title"] = "Prof" }, "title"},
		"a title is lost":                  {func(u resource) { delete(u, "title") }, "title is not there"},
		"a role is lost":                   {func(u resource) { u["roles"] = []any{resource{"value": "a"}} }, "roles"},
		"an attribute is new":              {func(u resource) { u["locale"] = "de" }, "locale was not there"},
		"the family name is lost":          {func(u resource) { delete(in(u, "name"), "familyName") }, "name.familyName"},
		"another word of usher's":          {func(u resource) { u["externalId"] = "x" }, "externalId"},
		"inactive":                         {func(u resource) { u["active"] = false }, "state"},
		"an e-mail more":                   {func(u resource) { u["emails"] = append(u["emails"].([]any), resource{"value": "y@example.com"}) }, "emails"}, //nolint:errcheck,forcetypeassert // as made
		"its own name of case":             {func(u resource) { u["Title"] = u["title"]; delete(u, "title") }, ""},
		"roles in another order":           {func(u resource) { u["roles"] = []any{resource{"value": "b"}, resource{"Value": "a"}} }, ""},
		"what was empty is left out":       {func(u resource) { delete(u, "empty") }, ""},
		"the version":                      {func(u resource) { u["meta"] = resource{"version": "2"} }, ""},
		"the time of the change":           {func(u resource) { u["updatedAt"] = "2026-01-02T00:00:00Z" }, ""},
		"what is no time under its name":   {func(u resource) { u["updatedAt"] = "never" }, "updatedAt"},
		"active in another form":           {func(u resource) { u["active"] = "True" }, ""},
		"a name made of another":           {func(u resource) { u["displayName"] = "Someone Else" }, "displayName"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, 3)
			rich(s)
			c, _ := s.console(testShape())
			who := s.account(c, someone)
			s.twist = s.after(http.MethodPatch, k.stray)
			out, err := c.Update(t.Context(), who, flows.Change{Words: map[string]string{"department": "Sales"}})
			if k.odd == "" {
				if err != nil || out.Kind != flows.Done || !strings.Contains(out.Seen, "everything else as it was") {
					t.Errorf("%+v %v", out, err)
				}
				return
			}
			wantCode(t, err, flows.Unverified)
			if !strings.Contains(err.Error(), k.odd) || !flows.SeenWrong(err) {
				t.Errorf("%v; want %s named (seen wrong: %v)", err, k.odd, flows.SeenWrong(err))
			}
		})
	}
}

func TestANameThatAServiceMakesOfItsPartsMayFollowThem(t *testing.T) {
	t.Parallel()
	s := newStand(t, 3)
	c, _ := s.console(testShape())
	who := s.account(c, someone)
	s.twist = s.after(http.MethodPatch, func(u resource) { u["displayName"] = "Zoe Family" })
	out, err := c.Update(t.Context(), who, flows.Change{Words: map[string]string{"first": "Zoe"}})
	if err != nil || out.Kind != flows.Done || !strings.Contains(out.Seen, "displayName") {
		t.Errorf("%+v %v", out, err)
	}
}

// A service may change the user name and ignore the e-mail in the same request.
func TestANewAddressIsDoneOnlyWhereThePrimaryEmailIsSoToo(t *testing.T) {
	t.Parallel()
	old := func(u resource) { u["emails"] = testUser(2)["emails"] }
	s := newStand(t, 3)
	c, j := s.console(testShape())
	who := s.account(c, someone)
	patch, put := s.after(http.MethodPatch, old), s.after(http.MethodPut, old)
	s.twist = func(w http.ResponseWriter, r *http.Request, body resource) bool {
		return patch(w, r, body) || put(w, r, body)
	}
	_, err := c.Update(t.Context(), who, flows.Change{Email: renamed})
	wantCode(t, err, flows.Unverified)
	if !strings.Contains(err.Error(), "primary e-mail: "+someone) || !flows.SeenWrong(err) || len(j.elements()) != 2 {
		t.Errorf("%v, pressed %v", err, j.elements())
	}

	s = newStand(t, 3) // and PUT mends it
	c, _ = s.console(testShape())
	who = s.account(c, someone)
	s.twist = s.after(http.MethodPatch, old)
	out, err := c.Update(t.Context(), who, flows.Change{Email: renamed})
	if err != nil || out.Kind != flows.Done {
		t.Fatalf("%+v %v", out, err)
	}
	got, err := jsonText(s.user("2"))
	if err != nil || strings.Contains(got, someone) || strings.Count(got, renamed) != 2 {
		t.Errorf("%s %v", got, err)
	}
	if !strings.Contains(out.Seen, "may have been lost") {
		t.Errorf("nothing is said of the PUT: %s", out.Seen)
	}
}

func TestAPrimaryEmailThatWasAnotherOneIsLeftAndToldOf(t *testing.T) {
	t.Parallel()
	s := newStand(t, 3)
	s.user("2")["emails"] = []any{resource{"value": "private@example.com", "type": "work", "primary": true}}
	c, _ := s.console(testShape())
	out, err := c.Update(t.Context(), s.account(c, someone), flows.Change{Email: renamed})
	if err != nil || out.Kind != flows.Done || !strings.Contains(out.Seen, "private@example.com") || strings.Contains(out.Seen, "lost") {
		t.Fatalf("%+v %v", out, err)
	}
	got, err := jsonText(s.user("2"))
	if err != nil || !strings.Contains(got, `"userName":"`+renamed) || !strings.Contains(got, `"value":"private@example.com"`) {
		t.Errorf("%s %v", got, err)
	}
}

func TestAWholeResourceThatIsSentBackOnlyIfUnchangedLosesNobodysChange(t *testing.T) {
	t.Parallel()
	for tag, lost := range map[string]bool{"": true, `"v1"`: false} {
		s := newStand(t, 3)
		c, _ := s.console(testShape())
		who := s.account(c, someone)
		s.twist = func(w http.ResponseWriter, r *http.Request, body resource) bool {
			if tag != "" {
				w.Header().Set("ETag", tag)
			}
			return refusing(501, "PATCH path", "PATCH no path")(w, r, body)
		}
		out, err := c.Update(t.Context(), who, flows.Change{Words: map[string]string{"department": "Sales"}})
		if err != nil || strings.Contains(out.Seen, "may have been lost") != lost {
			t.Errorf("ETag %q: %+v %v", tag, out, err)
		}
	}
}
