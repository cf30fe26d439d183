package sandbox_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/spekit/sandbox"
)

const (
	ana  = "ana.lopez@example.com"
	core = "urn:ietf:params:scim:schemas:core:2.0:User"
	ent  = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

func TestTheDefaultIs540PeopleInAFewDozenTeams(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{})
	truth := g.truth()
	states, roles := map[flows.State]int{}, map[string]int{}
	for _, u := range truth.Users {
		states[u.State]++
		roles[strings.Join(u.Roles, ",")]++
		if u.Attributes["externalId"] == nil {
			t.Errorf("%s has no externalId", u.Email)
		}
	}
	if len(truth.Users) != 540 || len(states) != 2 || states[flows.Deactivated] < 20 || roles["account-admin"] < 2 || len(roles) != 2 {
		t.Errorf("%d users, states %v, roles %v", len(truth.Users), states, roles)
	}
	if n := len(truth.Groups); n < 24 || n > 60 {
		t.Errorf("%d groups", n)
	}
	if n := len(g.group("All Spekit Users").Members); n != states[flows.Active] {
		t.Errorf("%d members of all users, %d are active", n, states[flows.Active])
	}
	if n := len(g.group("Spekit Acct admins").Members); n != roles["account-admin"] {
		t.Errorf("%d admins in the group, %d in the truth", n, roles["account-admin"])
	}
	if len(g.group("Read & Acknowledge").Members) < 200 || len(g.group("Onboarding 2027").Members) != 0 {
		t.Error("no large team, or no empty one")
	}
	if u := g.user("hal.holder@example.com"); u.State != flows.Active {
		t.Errorf("hal is %s", u.State)
	}
}

func TestTheSameSeedMakesTheSamePeopleAndTeams(t *testing.T) {
	t.Parallel()
	a, b := start(t, flows.SandboxOptions{Seed: 3}).truth(), start(t, flows.SandboxOptions{Seed: 3}).truth()
	if !reflect.DeepEqual(a.Users, b.Users) || !reflect.DeepEqual(a.Groups, b.Groups) {
		t.Error("two stand-ins with one seed differ")
	}
}

func TestStartRefusesWhatTheServiceDoesNotHave(t *testing.T) {
	t.Parallel()
	for _, o := range []flows.SandboxOptions{{Paging: "next"}, {Release: "1"}, {UsersPage: "account"}, {Users: -1}} {
		if s, err := sandbox.Start(t.Context(), o); err == nil {
			t.Errorf("%+v was taken", o)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestConnectionSaysHowToReachItAndSecretsAreItsOwn(t *testing.T) {
	t.Parallel()
	a, b := start(t, flows.SandboxOptions{Users: 3}), start(t, flows.SandboxOptions{Users: 3})
	c := a.at.Connection()
	if c.App != "spekit" || c.Name != "spekit" || c.Via != flows.ViaSCIM || c.API == "" || c.PerSecond < 100 {
		t.Errorf("connection is %+v", c)
	}
	for _, name := range []string{"token", "rest_token"} {
		if v := a.at.Secrets()[name]; v.Empty() || v.Equal(b.at.Secrets()[name]) {
			t.Errorf("%s is empty or shared", name)
		}
	}
}

func TestOnlyTheTokenLetsIn(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 30})
	for _, auth := range []string{"", "Bearer wrong", "Token " + g.at.Secrets()["token"].Reveal(), "Bearer " + g.at.Secrets()["rest_token"].Reveal()} {
		for method, path := range map[string]string{"GET": "/Users", "POST": "/Users", "DELETE": "/Users/" + g.user(ana).ID} {
			if status, _ := g.try(method, g.at.Connection().URL+path, auth, object{"userName": "x@example.com"}); status != 401 {
				t.Errorf("%q %s: %d, want 401", auth, method, status)
			}
		}
	}
	g.wrote()
}

func TestEveryPageTogetherIsEverybodyOnce(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 230})
	seen := map[string]bool{}
	for _, path := range []string{"/Users", "/Users?startIndex=101&count=100", "/Users?startIndex=201&count=900"} {
		page := g.ask(200, "GET", path, nil)
		if page["totalResults"] != 230.0 || page["itemsPerPage"] != float64(len(list(page))) {
			t.Errorf("%s: total %v, items %v, %d resources", path, page["totalResults"], page["itemsPerPage"], len(list(page)))
		}
		for _, r := range list(page) {
			u, _ := r.(object)
			id, _ := u["id"].(string)
			seen[id] = true
		}
	}
	for _, u := range g.truth().Users {
		if !seen[u.ID] {
			t.Errorf("%s is on no page", u.Email)
		}
	}
	if len(seen) != 230 {
		t.Errorf("%d ids", len(seen))
	}
	if n := len(list(g.ask(200, "GET", "/Users?startIndex=231", nil))); n != 0 {
		t.Errorf("%d past the end", n)
	}
	if n := len(list(g.ask(200, "GET", "/Users?count=0", nil))); n != 0 {
		t.Errorf("%d of none", n)
	}
}

func TestFiltersFindWhomTheyName(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 60})
	truth := g.truth()
	id := g.user(ana).ID
	active, withDepartment := 0, 0
	for _, u := range truth.Users {
		if u.State == flows.Active {
			active++
		}
		if u.Attributes[ent] != nil {
			withDepartment++
		}
	}
	external, _ := g.user(ana).Attributes["externalId"].(string)
	for filter, want := range map[string]int{
		`userName eq "ana.lopez@example.com"`:                             1,
		`USERNAME EQ "ANA.LOPEZ@EXAMPLE.COM"`:                             1,
		`userName eq "nobody@example.com"`:                                0,
		`userName eq "ana.lopez+test@example.com"`:                        1,
		`userName co "ana.lopez"`:                                         5,
		`userName sw "ana.lopez" and userName ew ".org"`:                  2,
		`emails[type eq "work"].value eq "ana.lopez@example.com"`:         1,
		`emails.value eq "ana.lopez@example.com"`:                         1,
		`emails eq "ana.lopez@example.com"`:                               1,
		`emails[type eq "work" and value sw "xana."]`:                     1,
		`externalId eq "` + external + `"`:                                1,
		`id eq "` + id + `"`:                                              1,
		`active eq true`:                                                  active,
		`active eq false`:                                                 60 - active,
		`not (active eq true)`:                                            60 - active,
		`name.familyName eq "holder" or name.familyName eq "gone"`:        2,
		`(userName pr) and (active eq true or active eq false)`:           60,
		ent + `:department pr`:                                            withDepartment,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName pr`:          60,
		`nickName eq "x"`:                                                 0,
		`userName eq "a\"b"`:                                              0,
		`userName ne "ana.lopez@example.com" and userName co "ana.lopez"`: 4,
	} {
		if got := len(g.found(filter + " ")); got > 60 || got != want {
			t.Errorf("%s: %d, want %d", filter, got, want)
		}
	}
	for _, bad := range []string{
		`userName`, `userName eq`, `userName is "x"`, `(userName pr`, `userName eq "x" and`, `emails[type eq "work"`,
		`userName eq x`, strings.Repeat("(", 20) + "userName pr", strings.Repeat("x", 2000), `userName pr userName pr`,
	} {
		g.ask(400, "GET", "/Users?filter="+strings.NewReplacer(" ", "%20", `"`, "%22").Replace(bad), nil)
	}
}

func TestAnAccountIsMadeOnceAndChangedInEveryForm(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 40})
	made := g.ask(201, "POST", "/Users", object{
		"schemas": []string{core}, "userName": "New.One@example.com", "name": object{"givenName": "New", "familyName": "One"},
		"emails": []object{{"value": "new.one@example.com", "type": "work", "primary": true}}, "active": true, "password": "never kept",
	})
	id, _ := made["id"].(string)
	if !strings.HasSuffix(g.header.Get("Location"), "/Users/"+id) || id == "" || made["password"] != nil {
		t.Errorf("made %v at %s", made, g.header.Get("Location"))
	}
	if bad := g.ask(409, "POST", "/Users", object{"userName": "new.ONE@EXAMPLE.com"}); bad["scimType"] != "uniqueness" || bad["status"] != "409" {
		t.Errorf("a conflict is said as %v", bad)
	}
	g.ask(400, "POST", "/Users", object{"active": true})
	g.ask(400, "POST", "/Users", "no JSON")
	at := "/Users/" + id
	active := func(want bool) {
		t.Helper()
		if got := g.ask(200, "GET", at, nil)["active"]; got != want {
			t.Errorf("active is %v, want %v", got, want)
		}
	}
	g.patch(200, at, object{"op": "replace", "path": "active", "value": false})
	active(false)
	g.patch(200, at, object{"op": "Replace", "path": "active", "value": "True"})
	active(true)
	g.patch(200, at, object{"op": "replace", "value": object{"active": false}})
	active(false)
	g.patch(200, at, object{"op": "replace", "value": object{"active": false}})
	g.patch(200, at, object{"op": "add", "value": object{
		"title": "Lead", "name.familyName": "Two", ent + ":department": "Sales", ent: object{"costCenter": "CC-1"},
	}})
	g.patch(200, at,
		object{"op": "replace", "path": `emails[type eq "work"].value`, "value": "new.two@example.com"},
		object{"op": "add", "path": `emails[type eq "home"].value`, "value": "home@example.net"},
		object{"op": "replace", "path": "userName", "value": "new.two@example.com"},
	)
	g.patch(200, at, object{"op": "remove", "path": `emails[type eq "home"]`}, object{"op": "remove", "path": "title"})
	u := g.user("new.two@example.com")
	enterprise, _ := u.Attributes[ent].(object)
	want := []any{object{"value": "new.two@example.com", "type": "work", "primary": true}}
	if enterprise["department"] != "Sales" || enterprise["costCenter"] != "CC-1" || u.Name != "New Two" || !reflect.DeepEqual(u.Attributes["emails"], want) {
		t.Errorf("the account is %+v", u)
	}
	g.patch(409, at, object{"op": "replace", "path": "userName", "value": strings.ToUpper(ana)})
	for _, op := range []object{
		{"op": "frob", "path": "active"}, {"op": "replace", "path": "active", "value": []object{{"value": "False"}}},
		{"op": "replace", "path": "urn:nobody:knows:it", "value": "x"}, {"op": "replace"}, {"op": "remove"},
		{"op": "replace", "path": "userName", "value": ""}, {"op": "replace", "path": `emails[type`, "value": "x"},
	} {
		g.patch(400, at, op)
	}
	g.ask(400, "PATCH", at, object{"Operations": []object{{"op": "replace", "path": "active", "value": true}}})
	g.patch(404, "/Users/nobody", object{"op": "replace", "path": "active", "value": true})
	g.ask(204, "DELETE", at, nil)
	g.ask(404, "GET", at, nil)
	g.ask(404, "DELETE", at, nil)
	g.wrote("invite New.One@example.com", "deactivate New.One@example.com", "reactivate New.One@example.com",
		"deactivate New.One@example.com", "update New.One@example.com", "update New.One@example.com",
		"update new.two@example.com", "delete new.two@example.com")
	truth := g.truth()
	if w := truth.Writes[5]; !slices.Equal(w.What, []string{"emails", "userName"}) {
		t.Errorf("the update is logged as %v", w.What)
	}
	if n := len(truth.Requests); n != 23 {
		t.Errorf("%d requests in the truth, want 23: %+v", n, truth.Requests)
	}
}

func TestAPutReplacesAndWhatIsLeftOutIsGone(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 40})
	at := "/Users/" + g.user(ana).ID
	whole := g.ask(200, "GET", at, nil)
	before := g.user(ana)
	g.ask(200, "PUT", at, whole)
	g.wrote()
	whole["active"] = false
	g.ask(200, "PUT", at, whole)
	after := g.user(ana)
	before.Attributes["active"] = false
	if after.State != flows.Deactivated || !reflect.DeepEqual(before.Attributes, after.Attributes) {
		t.Errorf("after the PUT of what was read: %+v, before: %+v", after, before)
	}
	g.ask(200, "PUT", at, object{"schemas": []string{core}, "userName": ana})
	if u := g.user(ana); len(u.Attributes) != 3 || u.State != flows.Active {
		t.Errorf("after a short PUT: %+v", u)
	}
	g.wrote("deactivate "+ana, "reactivate "+ana, "update "+ana)
}

func TestGroupsAreMadeRenamedAndFilled(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 160})
	made := g.ask(201, "POST", "/Groups", object{"displayName": "Night Shift"})
	id, _ := made["id"].(string)
	g.ask(201, "POST", "/Groups", object{"displayName": "Night Shift"}) // a second team of that name
	at := "/Groups/" + id
	values := func(emails ...string) []object {
		var out []object
		for _, e := range emails {
			out = append(out, object{"value": g.user(e).ID})
		}
		return out
	}
	members := func(want ...string) {
		t.Helper()
		got := g.group("Night Shift").Members
		var ids []string
		for _, v := range values(want...) {
			id, _ := v["value"].(string)
			ids = append(ids, id)
		}
		if !slices.Equal(got, ids) {
			t.Errorf("members %v, want %v", got, ids)
		}
	}
	const hal, dora, pia = "hal.holder@example.com", "dora.gone@example.com", "pia.stale@example.com"
	g.patch(204, at, object{"op": "add", "path": "members", "value": values(ana, hal)})
	g.patch(204, at, object{"op": "Add", "path": "members", "value": append(values(dora, hal), object{"value": g.user(ana).ID, "$ref": nil})})
	members(ana, hal, dora)
	g.patch(204, at, object{"op": "remove", "path": `members[value eq "` + g.user(hal).ID + `"]`})
	g.patch(204, at, object{"op": "Remove", "path": "members", "value": values(dora, pia)})
	members(ana)
	g.patch(204, at, object{"op": "replace", "path": "members", "value": values(pia)})
	members(pia)
	g.patch(204, at, object{"op": "add", "value": object{"members": values(ana)}})
	g.patch(204, at, object{"op": "remove", "path": "members"})
	members()
	g.patch(204, at, object{"op": "replace", "value": object{"id": id, "displayName": "Day Shift"}})
	g.ask(204, "PUT", at, object{"displayName": "Day Shift", "members": values(ana)})
	g.patch(400, at, object{"op": "add", "path": "members", "value": []object{{"value": "nobody"}}})
	g.patch(400, at, object{"op": "replace", "path": "displayName", "value": " "})
	var many []object
	for _, u := range g.truth().Users[:101] {
		many = append(many, object{"value": u.ID})
	}
	g.patch(400, at, object{"op": "add", "path": "members", "value": many})
	g.patch(204, at, object{"op": "add", "path": "members", "value": many[:100]})
	g.ask(403, "DELETE", at, nil)
	for _, own := range []string{"All Spekit Users", "Spekit Acct admins"} {
		g.patch(403, "/Groups/"+g.group(own).ID, object{"op": "replace", "path": "displayName", "value": "Mine"})
		g.patch(403, "/Groups/"+g.group(own).ID, object{"op": "remove", "path": "members"})
		g.patch(403, at, object{"op": "replace", "path": "displayName", "value": own})
		g.ask(403, "POST", "/Groups", object{"displayName": own})
	}
	var verbs []string
	for _, w := range g.truth().Writes {
		verbs = append(verbs, strings.TrimPrefix(w.Verb, "group-"))
	}
	if got := strings.Join(verbs, " "); got != "create create members members members members members members members rename members members" {
		t.Errorf("the server wrote %s", got)
	}
	if found := list(g.ask(200, "GET", "/Groups?filter=displayName+eq+%22day+shift%22&excludedAttributes=members", nil)); len(found) != 1 || found[0].(object)["members"] != nil { //nolint:forcetypeassert,errcheck // a test
		t.Errorf("found %v", found)
	}
}

func TestTheAccountsGroupsFollowIt(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 40})
	id := g.user("adele.admin@example.com").ID
	has := func(name string) bool { return slices.Contains(g.group(name).Members, id) }
	if !has("All Spekit Users") || !has("Spekit Acct admins") || g.user("adele.admin@example.com").Roles[0] != "account-admin" {
		t.Fatal("the admin is in no group")
	}
	g.patch(200, "/Users/"+id, object{"op": "replace", "path": "active", "value": false})
	if has("All Spekit Users") || !has("Spekit Acct admins") {
		t.Error("a deactivated admin is with all users, or is no admin any more")
	}
	g.ask(204, "DELETE", "/Users/"+id, nil)
	if has("Spekit Acct admins") {
		t.Error("who is gone is still a member")
	}
}

func TestTheServiceSaysWhatItIs(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 3})
	for _, path := range []string{"/ServiceProviderConfig", "/ResourceTypes", "/Schemas"} {
		if got := g.ask(200, "GET", path, nil); got["schemas"] == nil {
			t.Errorf("%s: %v", path, got)
		}
		g.ask(405, "POST", path, object{})
	}
	g.ask(404, "GET", "/Me", nil)
	if n := len(list(g.ask(200, "GET", "/Users?attributes=userName", nil))); n != 3 {
		t.Errorf("%d users", n)
	}
}
