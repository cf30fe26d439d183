package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
	kit "github.com/usherhq/usher/flows/internal/sandbox"
)

func off() object { return object{"op": "replace", "path": "active", "value": false} }

func TestFaultsOfAnswersStrikeBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 40})
	at := "/Users/" + g.user(ana).ID
	for _, f := range []struct {
		name, header string
		params       object
		status       int
	}{
		{"server_error", "", object{"on": "any"}, 500},
		{"rate_limit", "7", object{"on": "any", "retry_after": 7}, 429},
		{"token_refused", "", nil, 401},
		{"down", "", nil, 503},
	} {
		g.fault(f.name, f.params)
		g.patch(f.status, at, off())
		if got := g.header.Get("Retry-After"); got != f.header {
			t.Errorf("%s: Retry-After %q", f.name, got)
		}
		g.ask(f.status, "GET", at, nil)
		g.fault("clear", nil)
	}
	g.fault("retry_after_date", object{"seconds": 60})
	g.ask(429, "GET", "/Users", nil)
	if when, err := http.ParseTime(g.header.Get("Retry-After")); err != nil || time.Until(when) < 50*time.Second || time.Until(when) > time.Minute {
		t.Errorf("Retry-After %q", g.header.Get("Retry-After"))
	}
	g.fault("clear", nil)
	g.fault("html_200", object{"on": "any"})
	g.patch(200, at, off())
	if got := g.header.Get("Content-Type"); !strings.Contains(got, "html") {
		t.Errorf("content type %q", got)
	}
	g.fault("clear", nil)
	g.fault("slow", object{"ms": 60, "on": "list"})
	began := time.Now()
	g.ask(200, "GET", "/Users", nil)
	if took := time.Since(began); took < 60*time.Millisecond {
		t.Errorf("answered in %s", took)
	}
	g.wrote()
}

func TestFaultsOfListsChangeOnlyWhatIsSaid(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 130})
	filter := "/Users?filter=userName+eq+%22ANA.LOPEZ@example.com%22"
	for _, f := range []struct {
		name, path string
		params     object
		n          int
		total      any
	}{
		{"no_total", "/Users", nil, 100, nil},
		{"wrong_total", "/Users", object{"delta": 3}, 100, 133.0},
		{"ignore_paging", "/Users?startIndex=101", nil, 20, 130.0},
		{"past_end_repeats", "/Users?startIndex=131", nil, 100, 130.0},
		{"ignore_filter", filter, nil, 100, 130.0},
		{"case_sensitive_filter", filter, nil, 0, 0.0},
		{"shifting", "/Users?startIndex=101", nil, 31, 131.0},
		{"swapping", "/Users?startIndex=101", nil, 31, 131.0},
	} {
		g.fault(f.name, f.params)
		page := g.ask(200, "GET", f.path, nil)
		if len(list(page)) != f.n || page["totalResults"] != f.total {
			t.Errorf("%s: %d of %v, want %d of %v", f.name, len(list(page)), page["totalResults"], f.n, f.total)
		}
		if g.truth().Struck[f.name] != 1 {
			t.Errorf("%s did not strike once", f.name)
		}
		g.fault("clear", nil)
	}
	g.fault("no_filter_support", nil)
	g.ask(400, "GET", filter, nil)
	g.ask(200, "GET", "/Users", nil)
	g.fault("clear", nil)
	g.fault("duplicate_address", object{"email": ana})
	if n := len(g.found(`userName eq "` + ana + `"`)); n != 2 {
		t.Errorf("%d accounts of the address", n)
	}
	g.fault("clear", nil)
	if n := len(g.found(`userName eq "` + ana + `"`)); n != 1 {
		t.Errorf("%d accounts of the address", n)
	}
	g.wrote()
}

func TestFaultsOfWritesSayOneThingAndDoAnother(t *testing.T) {
	t.Parallel()
	for _, f := range []struct {
		name   string
		params object
		status int // 0: the connection breaks
		gone   bool
	}{
		{"toast_without_effect", object{"verb": "deactivate"}, 200, false},
		{"write_error_applied", nil, 500, true},
		{"write_lost", nil, 0, true},
		{"write_refused", object{"message": "no"}, 403, false},
		{"write_refused", object{"message": "no", "status": 400}, 400, false},
		{"no_patch", nil, 405, false},
		{"path_patch_ignored", nil, 204, false},
		{"active_strings", nil, 400, false},
		{"late_answer", object{"ms": 50}, 200, true},
		{"server_error", object{"on": "write"}, 500, false},
		{"write_error_applied", object{"verb": "update"}, 200, true},
	} {
		g := start(t, flows.SandboxOptions{Users: 40})
		g.fault(f.name, f.params)
		status, body := g.try(http.MethodPatch, g.at.Connection().URL+"/Users/"+g.user(ana).ID, "Bearer "+g.at.Secrets()["token"].Reveal(),
			object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []object{off()}})
		if status != f.status {
			t.Errorf("%s: %d, want %d: %s", f.name, status, f.status, body)
		}
		if gone := g.user(ana).State == flows.Deactivated; gone != f.gone {
			t.Errorf("%s: gone is %v", f.name, gone)
		}
		if n := len(g.truth().Writes); n != map[bool]int{true: 1}[f.gone] {
			t.Errorf("%s: %d writes", f.name, n)
		}
	}
}

func TestALateWriteComesOnce(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 40})
	g.fault("late_write", object{"ms": 30})
	if said := g.patch(200, "/Users/"+g.user(ana).ID, off()); said["active"] != any(false) {
		t.Errorf("the answer says %v", said["active"])
	}
	until := time.Now().Add(10 * time.Second)
	for g.user(ana).State != flows.Deactivated && time.Now().Before(until) {
		g.ask(200, "GET", "/Users", nil)
	}
	g.wrote("deactivate " + ana)
}

func TestActiveAsTextIsTakenAsText(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 40})
	g.fault("active_strings", nil)
	at := "/Users/" + g.user(ana).ID
	if said := g.ask(200, "GET", at, nil); said["active"] != "True" {
		t.Errorf("active is %v", said["active"])
	}
	if said := g.patch(200, at, object{"op": "replace", "path": "active", "value": "False"}); said["active"] != "False" {
		t.Errorf("active is %v", said["active"])
	}
	g.patch(400, at, object{"op": "replace", "path": "active", "value": true})
	g.patch(200, at, object{"op": "replace", "path": "title", "value": "x"})
	g.wrote("deactivate "+ana, "update "+ana)
}

func TestFaultsOfCreates(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 40})
	g.fault("no_id_on_create", object{"times": 1})
	if made := g.ask(201, "POST", "/Users", object{"userName": "a@example.com"}); made["id"] != nil || g.header.Get("Location") != "" {
		t.Errorf("made %v", made)
	}
	g.fault("conflict_on_create", object{"times": 1})
	g.ask(409, "POST", "/Users", object{"userName": "b@example.com"})
	g.fault("conflict_on_create", object{"times": 1, "applied": 1})
	g.ask(409, "POST", "/Users", object{"userName": "c@example.com"})
	g.fault("toast_without_effect", object{"times": 1})
	if made := g.ask(201, "POST", "/Users", object{"userName": "d@example.com"}); made["id"] == nil {
		t.Errorf("made %v", made)
	}
	g.fault("inactive_on_create", object{"times": 1})
	if made := g.ask(201, "POST", "/Users", object{"userName": "e@example.com", "active": true}); made["active"] != any(false) {
		t.Errorf("made %v", made)
	}
	g.wrote("invite a@example.com", "invite c@example.com", "invite e@example.com")
}

func TestAnAttributeThatIsIgnoredStays(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 40})
	at := "/Users/" + g.user(ana).ID
	g.fault("attribute_ignored", object{"attribute": "department"})
	g.patch(200, at, object{"op": "replace", "path": ent + ":department", "value": "X"}, object{"op": "replace", "path": ent + ":division", "value": "Y"})
	now, _ := g.user(ana).Attributes[ent].(object)
	if now["division"] != "Y" || now["department"] == "X" {
		t.Errorf("the attributes are %v", now)
	}
}

func TestFaultsOfGroups(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 40})
	id := g.group("Read & Acknowledge").ID
	one := func(path string) object {
		t.Helper()
		found := list(g.ask(200, "GET", path, nil))
		if len(found) != 1 {
			t.Fatalf("%s: %v", path, found)
		}
		o, _ := found[0].(object)
		return o
	}
	g.fault("members_null", nil)
	if got, ok := one("/Groups?filter=displayName+sw+%22onboarding%22")["members"]; got != nil || !ok {
		t.Errorf("members are %v, %v", got, ok)
	}
	g.fault("members_omitted", nil)
	if got, ok := one("/Groups?filter=displayName+sw+%22read%22")["members"]; ok {
		t.Errorf("members are %v", got)
	}
	if got := g.ask(200, "GET", "/Groups/"+id, nil); len(got["members"].([]any)) < 20 { //nolint:forcetypeassert,errcheck // a test
		t.Errorf("members are %v", got["members"])
	}
	g.fault("remove_ignored", nil)
	g.patch(204, "/Groups/"+id, object{"op": "remove", "path": "members"})
	g.wrote()
	g.fault("write_error_applied", object{"verb": "group-rename"})
	g.patch(500, "/Groups/"+id, object{"op": "replace", "path": "displayName", "value": "Renamed"})
	g.wrote("group-rename Read & Acknowledge")
	empty := g.group("Onboarding 2027").ID
	g.fault("member_dropped", nil)
	g.patch(204, "/Groups/"+empty, object{"op": "add", "path": "members", "value": []object{{"value": g.user(ana).ID}, {"value": g.user("hal.holder@example.com").ID}}})
	if n := len(g.group("Onboarding 2027").Members); n != 1 {
		t.Errorf("%d members", n)
	}
	g.fault("no_groups", nil)
	g.ask(404, "GET", "/Groups", nil)
}

func TestAFaultOfAConsoleIsNoneOfAService(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 3})
	for _, name := range []string{"session_drop", "captcha", "overlay", "unknown_role", "no_such_fault"} {
		if err := kit.SetFault(t.Context(), g.at.FaultURL(), name, nil); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
